# What Tenure needs in Roundup: a tracker of its own, made from Roundup's `classic` template with the files of this
# folder over it. An issue is a case: `external_key` is Tenure's own number, and no two issues can have the same one.
pri = Class(db, "priority", name=String(), order=Number())
pri.setkey("name")
stat = Class(db, "status", name=String(), order=Number())
stat.setkey("name")
keyword = Class(db, "keyword", name=String())
keyword.setkey("name")
query = Class(db, "query", klass=String(), name=String(), url=String(), private_for=Link("user"))

user = Class(
    db,
    "user",
    username=String(),
    password=Password(),
    address=String(),
    realname=String(),
    phone=String(),
    organisation=String(),
    alternate_addresses=String(),
    queries=Multilink("query"),
    roles=String(),
    timezone=String(),
)
user.setkey("username")

msg = FileClass(
    db,
    "msg",
    author=Link("user", do_journal="no"),
    recipients=Multilink("user", do_journal="no"),
    date=Date(),
    summary=String(),
    files=Multilink("file"),
    messageid=String(),
    inreplyto=String(),
)
file = FileClass(db, "file", name=String())

issue = IssueClass(
    db,
    "issue",
    assignedto=Link("user"),
    keyword=Multilink("keyword"),
    priority=Link("priority"),
    status=Link("status"),
    external_key=String(),
    description=String(),
    contract=String(),
    serial=String(),
    stage=String(),
    result=String(),
    requestor=String(),
    link=String(),
    due=Date(),
    minutes=Integer(),
    answered=Boolean(),
)
issue.setkey("external_key")

# What people did, in order: the detector writes it, Tenure reads it.
change = Class(
    db,
    "change",
    issue=Link("issue"),
    what=String(),
    stage=String(),
    result=String(),
    note=String(),
    minutes=Integer(),
)

for role in ("User", "Tenure"):
    db.security.addRole(name=role)
    for access in ("Web Access", "Rest Access"):
        db.security.addPermissionToRole(role, access)
    for name in ("issue", "file", "msg", "keyword"):
        for right in ("View", "Edit", "Create"):
            db.security.addPermissionToRole(role, right, name)
    for name in ("priority", "status", "change", "query"):
        db.security.addPermissionToRole(role, "View", name)
    seen = db.security.addPermission(
        name="View", klass="user", properties=("id", "username", "realname", "organisation", "phone", "timezone")
    )
    db.security.addPermissionToRole(role, seen)
db.security.addPermissionToRole("User", "Email Access")
db.security.addPermissionToRole("Anonymous", "Web Access")
