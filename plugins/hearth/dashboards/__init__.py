"""The managers' dashboards as code: the files of dashboards/, brought into a Superset and back by its REST API."""
