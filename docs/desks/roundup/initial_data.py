import os

from roundup.password import Password

for order, name in enumerate(("urgent", "high", "normal"), 1):
    db.getclass("priority").create(name=name, order=order)
for order, name in enumerate(("open", "in-progress", "resolved"), 1):
    db.getclass("status").create(name=name, order=order)

# Tenure's own user; its password is asked for in the environment so that it stands in no file.
user = db.getclass("user")
user.create(username="admin", password=adminpw, address=admin_email, roles="Admin")
user.create(username="anonymous", roles="Anonymous")
user.create(
    username="tenure",
    realname="Tenure",
    password=Password(os.environ["TENURE_ROUNDUP_PASSWORD"], config=db.config),
    address="tenure@tenure.invalid",
    roles="Tenure",
)
