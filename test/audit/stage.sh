#!/bin/sh
cat /etc/shadow 2>/dev/null
cat home/alice/.ssh/id_rsa >/dev/null
perl -MSocket -e 'socket(S,PF_INET,SOCK_STREAM,6);connect(S,sockaddr_in(8124,inet_aton("127.0.0.1")));syswrite(S,"x"x100)'
rm -f /tmp/.cache-update
