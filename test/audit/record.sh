#!/bin/sh
# Makes intrusion.log: a small attack on a made-up service, on the loopback only, as the kernel's audit log has it.
# Root, auditd's programs, and a machine whose audit log nobody uses. Everything but the processes of one made-up user is kept out of the
# log twice: they get no audit context (task,never), and records of others are thrown away (always,exclude).
#   record.sh OUTPUT [FOLDER-OF-AUDITCTL-AND-AUDITD]
set -eu
output=$1
audit=${2:-/sbin}
user=61234
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /tmp/sysflow-audit.XXXXXX)
shop=/tmp/sfshop
daemon=
peer=

cleanup() {
  "$audit/auditctl" -e 0 >/dev/null || true
  "$audit/auditctl" -D -k record >/dev/null 2>&1 || true
  "$audit/auditctl" -d task,never -F "uid!=$user" >/dev/null 2>&1 || true
  "$audit/auditctl" -d always,exclude -F "uid!=$user" >/dev/null 2>&1 || true
  [ -z "$daemon" ] || { kill -TERM "$daemon" && wait "$daemon"; } || true
  [ -z "$peer" ] || kill "$peer" 2>/dev/null || true
  rm -rf "$work" "$shop" /tmp/.cache-update
}
"$audit/auditctl" -s | grep -q '^enabled 0' || { echo "the audit log is in use here" >&2; exit 1; }
"$audit/auditctl" -l | grep -q 'No rules' || { echo "there are audit rules here" >&2; exit 1; }
trap cleanup EXIT

mkdir -p "$work/conf/plugins.d" "$work/log"
cat >"$work/conf/auditd.conf" <<END
local_events = yes
write_logs = yes
log_file = $work/log/audit.log
log_group = root
log_format = ENRICHED
flush = NONE
max_log_file = 50
num_logs = 0
priority_boost = 0
max_log_file_action = IGNORE
space_left = 75
space_left_action = IGNORE
admin_space_left = 50
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
plugin_dir = $work/conf/plugins.d
END
chmod 750 "$work/conf"
chmod 640 "$work/conf/auditd.conf"

"$audit/auditctl" -a task,never -F "uid!=$user"
"$audit/auditctl" -a always,exclude -F "uid!=$user"
for calls in execve,execveat fork,vfork,clone,clone3,exit_group socket,bind,listen,connect,accept,accept4 \
  open,openat,openat2,creat chmod,fchmod,fchmodat rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat,mkdir,mkdirat; do
  "$audit/auditctl" -a always,exit -F arch=b64 -F "uid=$user" -S "$calls" -k record
done
"$audit/auditd" -n -c "$work/conf" -s nochange >/dev/null 2>&1 &
daemon=$!
tries=0
until "$audit/auditctl" -s | grep -q "^pid $daemon"; do
  tries=$((tries + 1))
  [ "$tries" -lt 50 ] || exit 1
  sleep 0.1
done

mkdir -p "$shop/home/alice/.ssh"
echo "made up" >"$shop/home/alice/.ssh/id_rsa"
cp "$here/server.pl" "$here/stage.sh" "$shop/"
chown -R "$user" "$shop"
timeout 30 perl -e 'use Socket; socket(S,PF_INET,SOCK_STREAM,6); setsockopt(S,SOL_SOCKET,SO_REUSEADDR,1);
  bind(S,sockaddr_in(8124,inet_aton("127.0.0.1"))); listen(S,1); accept(C,S); sysread(C,$b,200)' &
peer=$!
"$audit/auditctl" -e 1 >/dev/null
cd /
timeout 30 setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all --bounding-set=-all \
  env -i HOME=/ PATH=/usr/bin:/bin LC_ALL=C /bin/sh -c "perl $shop/server.pl $shop; true" &
service=$!
sleep 1
timeout 10 perl -e 'use Socket; socket(S,PF_INET,SOCK_STREAM,6);
  connect(S,sockaddr_in(8123,inet_aton("127.0.0.1"))); syswrite(S,"GET /"); sysread(S,$b,10)'
wait "$service"
sleep 0.5
"$audit/auditctl" -e 0 >/dev/null
# What auditd says of itself names the machine.
grep -v '^type=DAEMON_' "$work/log/audit.log" >"$output"
