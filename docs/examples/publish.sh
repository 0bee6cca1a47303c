#!/bin/sh
# Posts a document and prints its receipt: HUB=https://hub.example TOKEN_FILE=token sh publish.sh move.json
# The answer is the receipt, when the message is on disk. 200: taken on; 422: rejected, with every reason; 429 and 503: send again after
# Retry-After, the same document. A time-out leaves doubt: send again too, the same messageId is never taken twice.
set -eu

# From a file, so that the token stands in no list of processes.
printf 'header = "Authorization: Bearer %s"\n' "$(cat "$TOKEN_FILE")" |
    curl --config - --silent --show-error --fail-with-body --max-time 60 --retry 5 --retry-connrefused \
        --header 'Content-Type: application/json' --data-binary "@$1" "$HUB/api/v1/messages"
