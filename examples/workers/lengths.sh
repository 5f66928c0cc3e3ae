#!/bin/sh
# A worker in shell: ganger run --worker examples/workers/lengths.sh ::: one three
# sed takes the two words out of a line; an input with quotes or backslashes in it needs a reader of JSON, such as jq.
while IFS= read -r line; do
    id=$(printf '%s\n' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
    input=$(printf '%s\n' "$line" | sed 's/.*"input":"\([^"]*\)".*/\1/')
    printf '{"id":%s,"output":"%s has %s characters"}\n' "$id" "$input" "${#input}"
done
