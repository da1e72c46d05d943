#!/bin/sh
# A Claude CLI of a few milliseconds. It does what the request's lines say: `do:` is run, `say:` is the answer, `case:` is
# whose run it is. With `case:` it writes down that it ran and what it was given, and asks the model once. With `cli: real`
# it writes that down and becomes the real CLI; so it does when a session goes on, because only the real one has sessions.
[ "$1" = --version ] && echo '2.1.330 (Claude Code)' && exit
here=$(dirname "$0")
notes=$here/notes
all=$(cat)
prompt=$(printf '%s\n' "$all" | sed '/^Material:/,$d') # what others wrote is no request
line() { printf '%s\n' "$prompt" | sed -n "s/^$1: //p"; }
case=$(line case)
cli=$(line cli)
if [ -z "$case" ] && transcript=$(cat "$HOME"/.claude/projects/*/*.jsonl 2>/dev/null); then
  case=$(printf '%s\n' "$transcript" | sed -n 's/.*\\ncase: \([^\\]*\)\\n.*/\1/p' | tail -n 1)
  cli=real
fi
{ tr '\0' ' ' </proc/$$/cmdline; tr '\0' ' ' </proc/$$/environ; } >"$notes/$case.$$.given" 2>/dev/null
echo "$case $$" >>"$notes/runs"
if [ "$cli" = real ]; then
  printf '%s\n' "$all" >"$TMPDIR/prompt"
  exec "$here/real" "$@" <"$TMPDIR/prompt"
fi
echo '{"type":"system","subtype":"init"}'
node -e '
  const { ANTHROPIC_UNIX_SOCKET: socketPath, ANTHROPIC_API_KEY: key } = process.env;
  const headers = { "x-api-key": key, "content-type": "application/json", "anthropic-version": "2023-06-01" };
  const request = require("node:http").request({ socketPath, path: "/v1/messages", method: "POST", headers });
  request.on("response", (answer) => answer.resume()).on("error", () => {});
  request.end(JSON.stringify({ model: "claude-opus-5-5", max_tokens: 9, messages: [{ role: "user", content: process.argv[1] }] }));
' "$case"
eval "$(line do)"
printf '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","num_turns":3,"result":"%s"}\n' "$(line say)"
