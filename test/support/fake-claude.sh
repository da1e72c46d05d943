#!/bin/sh
# A Claude CLI of a few milliseconds: does what the request's lines say (`do:` is run, `say:` is the answer; where the work
# was interrupted before, `then:` is run instead) and keeps a session's transcript.
[ "$1" = --version ] && echo '2.1.330 (Claude Code)' && exit
prompt=$(cat)
echo "run $$" >> "$(dirname "$0")/runs"
for argument; do
  case $argument in
    --session-id=*) session=${argument#*=} ;;
    --resume=*) session=${argument#*=} resumed=yes ;;
  esac
done
transcript=$(echo "$HOME"/.claude/projects/*/"$session.jsonl")
if [ "$resumed" ] && [ ! -f "$transcript" ]; then
  echo '{"type":"result","subtype":"error_during_execution","is_error":true,"num_turns":0,"errors":["No conversation found"]}'
  exit 1
fi
if [ ! "$resumed" ]; then
  mkdir -p "$HOME/.claude/projects/-work"
  transcript=$HOME/.claude/projects/-work/$session.jsonl
fi

request() { printf '%s\n' "$1" | sed '/^Material:/q'; }
asked=$(request "$prompt")
do=do
case $prompt in
  *interrupted*)
    do='then'
    [ "$resumed" ] && asked=$(request "$(sed -n 's/.*"content":"\(Task:.*quoted:.*\)"}.*/\1/p' "$transcript" | tail -n 1 | sed 's/\\n/\n/g; s/\\"/"/g; s/\\\\/\\/g')")
    ;;
esac
script=$(printf '%s\n' "$asked" | sed -n "s/^$do: //p")
say=$(printf '%s\n' "$asked" | sed -n 's/^say: //p')

uuid() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen; }
wrote() { printf '{"parentUuid":null,"type":"%s","uuid":"%s","timestamp":"2026-01-01T00:00:00.000Z","message":%s}\n' "$1" "$(uuid)" "$2" >> "$transcript"; }
content=$(printf '%s\n' "$prompt" | sed 's/\\/\\\\/g; s/"/\\"/g' | awk '{printf "%s\\n", $0}')
wrote user "{\"role\":\"user\",\"content\":\"$content\"}"
wrote assistant '{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5-5","content":[{"type":"text","text":"I begin."}]}'

echo '{"type":"system","subtype":"init"}'
eval "$script"
printf '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","num_turns":3,"result":"%s"}\n' "$say"
