"""What people do to a case, written down in order for Tenure; what Tenure does itself is left out."""

SERVICE = "tenure"


def check(db, cl, nodeid, newvalues):
    """A case's own number stays, and it is answered once somebody says so."""
    if nodeid and "external_key" in newvalues and newvalues["external_key"] != cl.get(nodeid, "external_key"):
        raise ValueError("`external_key` is Tenure's own number of the case and stays")


def note(db, cl, nodeid, oldvalues):
    """Write down each thing that was done in one go."""
    if oldvalues is None or db.user.get(db.getuid(), "username") == SERVICE:
        return
    words = _words(db, cl, nodeid, oldvalues)
    for done in _done(db, cl, nodeid, oldvalues, words):
        db.change.create(issue=nodeid, **{name: value for name, value in done.items() if value is not None})


def _words(db, cl, nodeid, oldvalues):
    """What was said with it."""
    if "messages" not in oldvalues:
        return None
    added = set(cl.get(nodeid, "messages")) - set(oldvalues["messages"])
    return "\n".join(db.msg.get(one, "content") for one in sorted(added, key=int)) or None


def _done(db, cl, nodeid, oldvalues, words):
    answered = "answered" in oldvalues and cl.get(nodeid, "answered") and not oldvalues["answered"]
    if words or answered:
        yield {"what": "answered" if answered else "noted", "note": words}
    if "stage" in oldvalues and cl.get(nodeid, "stage") and cl.get(nodeid, "stage") != oldvalues["stage"]:
        yield {"what": "moved", "stage": cl.get(nodeid, "stage"), "note": words}
    if "minutes" in oldvalues and cl.get(nodeid, "minutes") != oldvalues["minutes"]:
        yield {"what": "worked", "minutes": (cl.get(nodeid, "minutes") or 0) - (oldvalues["minutes"] or 0)}
    if "status" in oldvalues:
        was, now = _closed(db, oldvalues["status"]), _closed(db, cl.get(nodeid, "status"))
        if now and not was:
            yield {"what": "closed", "result": cl.get(nodeid, "result"), "note": words}
        elif was and not now:
            yield {"what": "reopened", "note": words}


def _closed(db, status):
    return bool(status) and db.status.get(status, "name") == "resolved"


def init(db):
    """Called by Roundup when the tracker is opened."""
    db.issue.audit("set", check)
    db.issue.react("set", note)
