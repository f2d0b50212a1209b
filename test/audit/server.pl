# The service that record.sh attacks: one request, whose sender gets a shell.
use Socket;
chdir($ARGV[0]);
socket(S, PF_INET, SOCK_STREAM, 6);
setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
bind(S, sockaddr_in(8123, inet_aton("127.0.0.1")));
listen(S, 5);
accept(C, S);
sysread(C, my $request, 100);
system("/bin/sh", "-c", "cat /etc/passwd >/dev/null; cat stage.sh >/tmp/.cache-update; chmod 755 /tmp/.cache-update; /tmp/.cache-update");
close(C);
