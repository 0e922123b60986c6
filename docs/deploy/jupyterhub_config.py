"""netdash as a service of JupyterHub 5.4.5 or later: one server for all, at /services/netdash/; load it from jupyterhub_config.py.

The Hub starts and restarts it and its proxy leads there. It does not ask who comes: the Hub leaves that to the service, and
netdash knows no Hub. What asks is the token; without one the board is open to whoever reaches the Hub.
"""

import os

c = get_config()  # noqa: F821

c.JupyterHub.services.append(
    {
        "name": "netdash",
        "url": "http://127.0.0.1:8866",
        "command": ["/opt/netdash/current/bin/netdash", "serve"],
        "environment": {
            "NETDASH_BASE_URL": "/services/netdash/",
            "NETDASH_PUBLIC_HOST": "hub.example.org",  # the Hub's name, without a port
            "NETDASH_BROWSER": "no",
            "NETDASH_TOKEN": os.environ["NETDASH_TOKEN"],
        },
    }
)
