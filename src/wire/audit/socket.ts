// A socket whose making is not in the log: what is done with it says what it is, and a descriptor is described before its first use.

import {
  AddressFamily,
  type DescriptorSnapshot,
  Family,
  type Syscall,
} from "../../model/syscall.ts";

const inProgress = -115;

/** Undefined: the call says nothing about its descriptor. */
export function describedSocket(call: Syscall): DescriptorSnapshot | undefined {
  const { tuple, fd, ret, tid, family } = call;
  if (tuple === undefined) return undefined;
  switch (family) {
    case Family.connect:
    case Family.bind:
    case Family.read:
    case Family.write:
      break;
    default:
      return undefined;
  }
  if (ret < 0 && ret !== inProgress) return undefined;
  const unix = tuple.family === AddressFamily.unix;
  const v6 = tuple.family === AddressFamily.inet6;
  return {
    kind: "descriptor",
    tid,
    fd,
    type: unix ? "unix" : v6 ? "ipv6" : "ipv4",
    fileType: undefined,
    path: "",
    openFlags: 0,
    tuple: unix
      ? undefined
      : { ...tuple, sip: v6 ? "::" : 0, sport: 0, dip: v6 ? "::" : 0, dport: 0 },
    proto: undefined,
    inode: undefined,
    device: undefined,
  };
}
