"""Run by the Python of roc-validator's own environment, without a network: the JSON-LD context
comes from a file.

usage: crate_checker.py CONTEXT.json BUNDLE PROFILE...   prints {"version": ..., "issues":
[[profile, severity, check, entity, message], ...]}
"""

import json
import sys

import requests
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.utils import document_loader
from rocrate_validator.utils.http import HttpRequester
from rocrate_validator.utils.versioning import get_version

context, bundle, *profiles = sys.argv[1:]
with open(context, encoding="utf-8") as stream:
    told = {"@context": json.load(stream)["@context"]}


def answer(self, url, **_):
    """The context, whatever version of it is asked for: the terms that a bundle uses are in all of
    them.
    """
    response = requests.Response()
    response.status_code, response.url = 200 if url.endswith("/context") else 404, url
    response._content, response.headers["Content-Type"] = (
        json.dumps(told).encode(),
        "application/ld+json",
    )
    return response


HttpRequester.get = answer
document_loader._fetch_json_ld = lambda url: told
issues = []
for name in profiles:
    # the Process Run Crate profile stands on RO-Crate 1.1, so that its own checks alone are run on
    # a crate of version 1.2
    settings = ValidationSettings(
        rocrate_uri=bundle,
        profile_identifier=name,
        requirement_severity=Severity.RECOMMENDED,
        enable_profile_inheritance=not name.startswith("process-run-crate"),
        disable_inherited_profiles_issue_reporting=name.startswith("process-run-crate"),
        skip_availability_check=True,
    )
    for one in services.validate(settings).get_issues(Severity.RECOMMENDED):
        issues.append(
            [
                name,
                one.severity.name,
                one.check.identifier,
                str(one.violatingEntity or ""),
                one.message,
            ]
        )
print(json.dumps({"version": get_version(), "issues": issues}))
