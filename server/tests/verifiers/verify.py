"""Verifies one webhook as a receiver in Python would, by the published library.

Reads `{ secret, headers, body }`, and prints what holds.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

request = json.load(sys.stdin)
try:
    Webhook(request["secret"]).verify(request["body"], request["headers"])
    valid = True
except WebhookVerificationError:
    valid = False
print(json.dumps({"v1": valid}))
