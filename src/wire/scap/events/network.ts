// Events about sockets. A tuple may be empty; addresses are in network order, ports in the machine's.

import type { EventRow } from "../layout.ts";

export const networkEvents = [
  { id: 19, call: "socket", entry: "domain type protocol", exit: "newFd | domain type protocol" },
  { id: 21, call: "bind", entry: "fd", exit: "ret local | fd" },
  { id: 23, call: "connect", entry: "fd remote", exit: "ret tuple? | fd ." },
  { id: 25, call: "listen", entry: "fd .", exit: "ret | fd ." },
  { id: 27, call: "accept", entry: "", exit: "newFd tuple ." },
  { id: 57, call: "accept4", entry: ".", exit: "newFd tuple ." },
  { id: 247, call: "accept", entry: "", exit: "newFd tuple . . ." },
  { id: 249, call: "accept4", entry: ".", exit: "newFd tuple . . ." },
  { id: 389, call: "accept4", entry: ".", exit: "newFd tuple . . . | ." },
  { id: 29, call: "send", entry: "fd .", exit: "ret . | fd . tuple?" },
  { id: 31, call: "sendto", entry: "fd . tuple", exit: "ret . | fd . tuple?" },
  { id: 33, call: "recv", entry: "fd .", exit: "ret . | fd . tuple?" },
  { id: 35, call: "recvfrom", entry: "fd .", exit: "ret . tuple | fd ." },
  { id: 49, call: "sendmsg", entry: "fd . tuple", exit: "ret . | fd . tuple?" },
  { id: 53, call: "recvmsg", entry: "fd", exit: "ret . . tuple . | fd" },
  { id: 51, call: "sendmmsg", entry: "", exit: "| ret fd . . tuple" },
  { id: 55, call: "recvmmsg", entry: "", exit: "| ret fd . . tuple ." },
  { id: 37, call: "shutdown", entry: "fd mode8", exit: "ret | fd mode8" },
  {
    id: 43,
    call: "socketpair",
    entry: "domain type protocol",
    exit: "ret fd fd2 source peer | domain type protocol",
  },
] as const satisfies readonly EventRow[];
