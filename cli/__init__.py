"""The launcher's commands: one module a group, put together in `app.py`."""
