// Paths as the kernel would resolve them, as far as that can be said from text alone: symbolic links are not followed.

const slash = 47;
const dot = 46;

/** Resolves `path` against a directory. Where that is unknown (""), a relative path stays relative. */
export function joinPath(directory: string, path: string): string {
  if (path.charCodeAt(0) === slash || directory === "") return cleanPath(path);
  return cleanPath(
    directory.charCodeAt(directory.length - 1) === slash
      ? directory + path
      : `${directory}/${path}`,
  );
}

/** Removes empty parts, ".", ".." with what it undoes, and a slash at the end. */
export function cleanPath(path: string): string {
  return isClean(path) ? path : cleanParts(path);
}

function isClean(path: string): boolean {
  const end = path.length - 1;
  if (end > 0 && path.charCodeAt(end) === slash) return false;
  // A part that begins with a dot may be a hidden file; the slow way finds out.
  if (path.charCodeAt(0) === dot) return false;
  for (let i = 0, last = 0; i <= end; i++) {
    const unit = path.charCodeAt(i);
    if (last === slash && (unit === slash || unit === dot)) return false;
    last = unit;
  }
  return true;
}

function cleanParts(path: string): string {
  const absolute = path.charCodeAt(0) === slash;
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") out.push(part);
    else if (out.length > 0 && out[out.length - 1] !== "..") out.pop();
    else if (!absolute) out.push(part);
  }
  const text = out.join("/");
  return absolute ? `/${text}` : text;
}

/** A directory ends with "/"; unknown stays "". */
export function asDirectory(path: string): string {
  return path === "" || path.endsWith("/") ? path : `${path}/`;
}

/** A part of the path that is a container's: its id alone, or as systemd, containerd, cri-o and podman name it. */
const containerPattern =
  /(?:\/|(?:docker|cri-containerd|containerd|crio|libpod|nerdctl|podman)-|:[a-z-]+:)([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?(?=\/| \(deleted\)$|$)/g;

/**
 * Twelve hexadecimal digits; undefined for a process of the host. Format spec §4. Of containers inside each other the innermost
 * counts; what a container makes inside its own group (a system of services, `init.scope`) belongs to it.
 */
export function containerIdOf(cgroups: readonly string[]): string | undefined {
  for (const cgroup of cgroups) {
    // Sixty-four digits and something in front: most paths are shorter.
    if (cgroup.length < 65) continue;
    let id: string | undefined;
    for (const match of cgroup.matchAll(containerPattern)) id = match[1];
    if (id !== undefined) return id;
  }
  return undefined;
}

const uid =
  /[-/]pod([0-9a-f]{8}([-_])[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?=[/:]|$)/g;

/** Uid of the Kubernetes pod, with the hyphens that systemd replaces; pods that a node's files define have 32 digits. */
export function podUidOf(cgroups: readonly string[]): string | undefined {
  for (const cgroup of cgroups) {
    if (!cgroup.includes("kubepods")) continue;
    let found: string | undefined;
    for (const match of cgroup.matchAll(uid)) found = match[1];
    if (found !== undefined) return found.replaceAll("_", "-");
  }
  return undefined;
}
