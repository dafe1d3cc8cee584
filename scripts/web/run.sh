#!/usr/bin/env bash
# Checks the package in Node.js (package.test.mjs), the page under fingers and pens (pointers.mjs) and with a word of one's own (words.mjs), and what it makes of real
# sketches that are drawn on it in a browser (check.mjs); and the page that finds icons (icons.mjs). Needs Node.js 20 or
# newer with npm, and Chromium (CHROMIUM=, or /usr/bin/chromium).
#
#   scripts/web/run.sh [folder for pictures of the page]
set -euo pipefail
cd "$(dirname "$0")/../.."
release=${CARGO_TARGET_DIR:-target}/release

cargo build --release
npm install --silent --no-package-lock --prefix scripts/web
"$release/dabnet" serve --bind 127.0.0.1:0 --log-format off >"$release/serve.address" &
server=$!
trap 'kill $server' EXIT
until grep -q http "$release/serve.address"; do sleep 0.1; done
url=$(grep -o 'http://[^ ]*' "$release/serve.address")
node --test scripts/web/package.test.mjs
node scripts/web/pointers.mjs "$url" --chromium "${CHROMIUM:-/usr/bin/chromium}"
node scripts/web/words.mjs "$url" "$release/dabnet" --chromium "${CHROMIUM:-/usr/bin/chromium}" ${1:+--shots "$1"}
"$release/dabnet" page --icons scripts/web/node_modules/lucide-static/icons --out "$release/icons" --force
node scripts/web/icons.mjs "$release/icons" --chromium "${CHROMIUM:-/usr/bin/chromium}" ${1:+--shots "$1"}
node scripts/web/check.mjs "$url" "$release/dabnet" --chromium "${CHROMIUM:-/usr/bin/chromium}" ${1:+--shots "$1"}
