"""netdash as a service of JupyterHub 5.4.5 or later: one server for all, at /services/netdash/; load it from jupyterhub_config.py.

The Hub starts and restarts it, its proxy leads there, and its login decides who comes. netdash needs the package jupyterhub for it:
/opt/netdash/current/bin/pip install jupyterhub, in the version of the Hub.
"""

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
            "NETDASH_HUB": "yes",
            "NETDASH_AUDIT": "yes",
        },
        "oauth_no_confirm": True,
    }
)

# Who may use it; here every user of the Hub.
c.JupyterHub.load_roles.append({"name": "user", "scopes": ["self", "access:services!service=netdash"]})
