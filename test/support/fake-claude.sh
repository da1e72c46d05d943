#!/bin/sh
# A Claude CLI of a few milliseconds: does what the request's lines say (`do:` is run, `say:` is the answer).
[ "$1" = --version ] && echo '2.1.330 (Claude Code)' && exit
prompt=$(cat)
echo "run $$" >> "$(dirname "$0")/runs"
script=$(printf '%s\n' "$prompt" | sed -n 's/^do: //p')
say=$(printf '%s\n' "$prompt" | sed -n 's/^say: //p')
echo '{"type":"system","subtype":"init"}'
eval "$script"
printf '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","num_turns":3,"result":"%s"}\n' "$say"
