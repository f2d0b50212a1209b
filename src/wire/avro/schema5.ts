// SysFlow's schema 5, the one that every reader of the original understands: names, order and types are its interface. Written
// down compactly; a test compares the result with the schema inside files that the original made.

type Json = string | number | boolean | Json[] | { [key: string]: Json };

/** Types that are defined where they are first used, as the original's files do. */
class Names {
  readonly #definitions: { readonly [name: string]: Json };
  readonly #defined = new Set<string>();

  constructor(definitions: { readonly [name: string]: Json }) {
    this.#definitions = definitions;
  }

  type(text: string): Json {
    if (text.endsWith("?")) return ["null", this.type(text.slice(0, -1))];
    if (text.endsWith("[]")) return { type: "array", items: this.type(text.slice(0, -2)) };
    if (text === "map") return { type: "map", values: "string" };
    const definition = this.#definitions[text];
    if (definition === undefined) return text;
    if (this.#defined.has(text)) return text;
    this.#defined.add(text);
    return definition;
  }
}

function splitName(full: string): { namespace: string; name: string } {
  const dot = full.lastIndexOf(".");
  return { namespace: full.slice(0, dot), name: full.slice(dot + 1) };
}

function enumOf(full: string, prefix: string, symbols: string): Json {
  return { type: "enum", ...splitName(full), symbols: symbols.split(" ").map((s) => prefix + s) };
}

/** `name type` or `name type=default`, one field each. */
function recordOf(full: string, fields: string, names: () => Names): Json {
  const list = fields.split(", ").map((line): Json => {
    const [name = "", rest = ""] = line.split(" ");
    const [type = "", fallback] = rest.split("=");
    const field: { [key: string]: Json } = { name, type: names().type(type) };
    if (fallback !== undefined) field["default"] = JSON.parse(fallback) as Json;
    return field;
  });
  return { type: "record", ...splitName(full), fields: list };
}

const volume = "numRRecvOps long, numWSendOps long, numRRecvBytes long, numWSendBytes long";
const objectId = "sysflow.type.OID";
const fileId = "sysflow.type.FOID";
const acted = `procOID ${objectId}, ts long, tid long, opFlags int`;
const tuple = "sip int, sport int, dip int, dport int, proto int";

/** The union's branches in their order: the index of a branch is written before each record. */
const branches: readonly (readonly [name: string, fields: string])[] = [
  ["sysflow.entity.SFHeader", 'version long=5, exporter string, ip string="NA", filename string'],
  [
    "sysflow.entity.Container",
    "id string, name string, image string, imageid string, type sysflow.type.ContainerType, privileged boolean, podId string?",
  ],
  [
    "sysflow.entity.Process",
    `state sysflow.type.SFObjectState, oid ${objectId}, poid ${objectId}?, ts long, exe string, exeArgs string, uid int, userName string, gid int, groupName string, tty boolean, containerId string?, entry boolean=false, cwd string, env string[]`,
  ],
  [
    "sysflow.entity.File",
    `state sysflow.type.SFObjectState, oid ${fileId}, ts long, restype int, path string, containerId string?`,
  ],
  ["sysflow.event.ProcessEvent", `${acted}, args string[], ret int`],
  ["sysflow.flow.NetworkFlow", `${acted}, endTs long, ${tuple}, fd int, ${volume}`],
  [
    "sysflow.flow.FileFlow",
    `${acted}, openFlags int, endTs long, fileOID ${fileId}, fd int, ${volume}`,
  ],
  ["sysflow.event.FileEvent", `${acted}, fileOID ${fileId}, ret int, newFileOID ${fileId}?`],
  ["sysflow.event.NetworkEvent", `${acted}, ${tuple}, ret int`],
  [
    "sysflow.flow.ProcessFlow",
    `procOID ${objectId}, ts long, numThreadsCloned long, opFlags int, endTs long, numThreadsExited long, numCloneErrors long`,
  ],
  [
    "sysflow.entity.Pod",
    "ts long, id string, name string, nodeName string, hostIP long[], internalIP long[], namespace string, restartCount long, labels map, selectors map, services sysflow.entity.Service[]",
  ],
  [
    "sysflow.event.K8sEvent",
    "kind sysflow.type.K8sComponent, action sysflow.type.K8sAction, ts long, message string",
  ],
];

export const componentSymbols: readonly string[] =
  "NODES NAMESPACES PODS REPLICATIONCONTROLLERS SERVICES EVENTS REPLICASETS DAEMONSETS DEPLOYMENTS UNKNOWN"
    .split(" ")
    .map((symbol) => `K8S_${symbol}`);
export const actionSymbols: readonly string[] = "ADDED MODIFIED DELETED ERROR NONEXISTENT UNKNOWN"
  .split(" ")
  .map((symbol) => `K8S_COMPONENT_${symbol}`);

function buildSchema5(): string {
  const names: { current: Names } = { current: new Names({}) };
  const late = (): Names => names.current;
  // Definitions with fields of their own are made at first use, through getters, so that names are defined once and in order.
  names.current = new Names({
    "sysflow.type.ContainerType": enumOf(
      "sysflow.type.ContainerType",
      "CT_",
      "DOCKER LXC LIBVIRT_LXC MESOS RKT CUSTOM CRI CONTAINERD CRIO BPM",
    ),
    "sysflow.type.SFObjectState": enumOf("sysflow.type.SFObjectState", "", "CREATED MODIFIED REUP"),
    [objectId]: recordOf(objectId, "createTS long, hpid long", late),
    [fileId]: { type: "fixed", ...splitName(fileId), size: 20 },
    get "sysflow.entity.Service"() {
      const fields =
        "name string, id string, namespace string, portList sysflow.entity.Port[], clusterIP long[]";
      return recordOf("sysflow.entity.Service", fields, late);
    },
    get "sysflow.entity.Port"() {
      const fields = "port int, targetPort int, nodePort int, proto string";
      return recordOf("sysflow.entity.Port", fields, late);
    },
    "sysflow.type.K8sComponent": {
      type: "enum",
      ...splitName("sysflow.type.K8sComponent"),
      symbols: [...componentSymbols],
    },
    "sysflow.type.K8sAction": {
      type: "enum",
      ...splitName("sysflow.type.K8sAction"),
      symbols: [...actionSymbols],
    },
  });
  const union = branches.map(([full, fields]) => recordOf(full, fields, late));
  return JSON.stringify({
    type: "record",
    ...splitName("sysflow.SysFlow"),
    fields: [{ name: "rec", type: union }],
  });
}

/** As it stands in a file's header. */
export const schema5: string = buildSchema5();
