#!/usr/bin/env bash
# A deployment under siege: while customers ask for their lines, the handler is replaced by another build of it, as a
# deployment does, and no request may fail. Everything happens on this machine, in a temporary folder.
#
#   scripts/siege.sh [SECONDS [CALLERS]]
#
# Needs siege and curl from the distribution (`apt-get install siege curl`), and what `cargo xtask stage` needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-40}
callers=${2:-20}

fail() {
  echo "error: $*" >&2
  exit 1
}

for tool in siege curl git cargo; do
  command -v "$tool" >/dev/null || fail "$tool is needed and is not there"
done

work=$(mktemp -d)
host=
cleanup() {
  if [[ -n $host ]]; then
    kill -INT "$host" 2>/dev/null || true
    wait "$host" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT

# A member of a JSON object.
member() {
  sed -n "s/.*\"$1\":[[:space:]]*\"\{0,1\}\([^\",}]*\).*/\1/p"
}

echo "== Two builds that differ in their commit, and the local host =="
before="$(git rev-parse HEAD)-before"
after="$(git rev-parse HEAD)-after"
GIT_SHA=$before cargo xtask stage
cp -R target/functionapp "$work/app"
GIT_SHA=$after cargo xtask stage
cargo build --quiet --package local-host --bin local-host

echo "== The host, with two workers of the first build =="
LOG_LEVEL=warn RUST_LOG=warn target/debug/local-host --port 0 --workers 2 \
  --script-root "$work/app" --data "$work/data" >"$work/host.log" 2>&1 &
host=$!
url=
for _ in $(seq 600); do
  url=$(sed -n 's|^ *Home *\(http://[^ ]*\)/$|\1|p' "$work/host.log")
  [[ -z $url ]] || break
  kill -0 "$host" 2>/dev/null || fail "the local host ended: $(cat "$work/host.log")"
  sleep 0.1
done
[[ -n $url ]] || fail "the local host does not start: $(cat "$work/host.log")"

commit() {
  curl --silent --show-error --fail "$url/api/health" | member commit
}
processes() {
  curl --silent --show-error --fail "$url/admin/host/status" | grep -o '"processId":[0-9]*' | cut -d: -f2 | xargs
}

token=$(curl --silent --show-error --fail "$url/dev/token" -H 'content-type: application/json' \
  -d '{"sub":"kim","roles":["customer"]}' | member access_token)
curl --silent --show-error --fail --output /dev/null "$url/api/orders" -H "authorization: Bearer $token" \
  -H 'content-type: application/json' -d '{"plan":"lte-light"}'
first=$(commit)
echo "$url answers with $first, processes $(processes)"

echo "== siege -c$callers -t${seconds}S $url/api/orders =="
# It prints the status of every answer; its settings are kept away from those of whoever runs this.
printf '%s\n' 'verbose = true' 'json_output = false' 'color = off' 'parser = false' 'logging = false' >"$work/siegerc"
HOME=$work siege -R "$work/siegerc" -c"$callers" -t"${seconds}S" -H "Authorization: Bearer $token" \
  "$url/api/orders" >"$work/answers" 2>"$work/summary" &
siege=$!

sleep "$((seconds / 3))"
# A new file under the old name, as a deployment makes it: what runs keeps the old one.
cp target/functionapp/handler "$work/app/handler.new"
mv "$work/app/handler.new" "$work/app/handler"
echo "reload: $(curl --silent --show-error --fail --request POST "$url/dev/reload")"
second=$(commit)
echo "$url answers with $second, processes $(processes)"
wait "$siege" || fail "siege ended with an error: $(cat "$work/summary")"

grep -v '^\*\*' "$work/summary"
statuses=$(grep --only-matching 'HTTP/[0-9.]* [0-9][0-9][0-9] ' "$work/answers" | cut -d ' ' -f 2 | sort -u | xargs)
echo "statuses of all answers: $statuses"
[[ $first == "$before" && $second == "$after" ]] || fail "the build was not replaced"
grep --quiet '^Availability:[[:space:]]*100\.00 %' "$work/summary" || fail "requests failed"
grep --quiet '^Failed transactions:[[:space:]]*0$' "$work/summary" || fail "requests failed"
# For siege 401 is an answer like any other.
[[ $statuses == 200 ]] || fail "not every answer was 200"
echo "every request was answered with 200 while $first gave way to $second"
