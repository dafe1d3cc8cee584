#!/bin/sh
# Asks a running server all that its OpenAPI document allows, and much that it does not:
#     dabnet serve & scripts/clients/schemathesis.sh [ADDRESS]
# Left out is the check that whatever fits the document is accepted: a blank picture holds no sketch, and how large a canvas
# is, a model's metadata say.
set -eu
address=${1:-http://127.0.0.1:8080}
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet schemathesis
"$venv/bin/st" run "$address/openapi.json" --exclude-checks positive_data_acceptance --max-examples 100 --seed 1
