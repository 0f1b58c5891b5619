"""A client of the HTTP API that needs nothing but `requests`."""

import requests

URL = "http://localhost:8787/execute"


def send(code, value=None, tools=(), timeout=3000):
    call = {"code": code, "input": value, "tools": list(tools), "timeout": timeout}
    answer = requests.post(URL, headers={"Content-Type": "application/json"}, json=call)
    answer.raise_for_status()
    return answer.json()


added = send("export default (all) => all.reduce((sum, one) => sum + one, 0)", [1, 2, 3, 4, 5])
print(f"added {added['result']} in {added['duration']} ms")

try:
    send("export default () => 1", tools=["nope"])
except requests.HTTPError as error:
    print(f"refused {error.response.status_code}")
