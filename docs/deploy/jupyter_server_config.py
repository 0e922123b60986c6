"""netdash inside each person's own Jupyter server, beside JupyterLab at .../netdash/: for JupyterHub.

Needs jupyter-server-proxy 4.1.1 or later in the server's environment. Here the Jupyter server asks who comes, and refuses other sites,
before anything reaches netdash; that is why netdash may take every request for one of this machine. The Jupyter server
logs the first line of each request, with the case of an old link; so no case may be in an address.
"""

c = get_config()  # noqa: F821

c.ServerProxy.servers = {
    "netdash": {
        "command": ["netdash", "serve", "--port", "{port}", "--base-url", "{base_url}netdash/"],
        "environment": {"NETDASH_BROWSER": "no", "NETDASH_CASE_IN_ADDRESS": "no"},
        "absolute_url": True,
        "request_headers_override": {"Host": "localhost", "Origin": "http://localhost"},
        "timeout": 60,
    }
}
