"""The Grafana dashboards as code: `make docs` writes `deploy/grafana/dashboards/`.

A dashboard is a list of rows, a row a title and its panels (`panels.py`); `service.py` and
`rabbitmq.py` say what is on them.
"""
