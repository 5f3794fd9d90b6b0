#!/usr/bin/env python3
"""Print AWS's own endpoint rules, as botocore resolves them, to endpoints.tsv.

Columns: service word, region, fips, dualstack, url, signing name. A combination that botocore refuses
(a partition without FIPS or dual stack) is left out. Needs python3 with botocore; no network.
"""
import pathlib

import botocore
import botocore.loaders
import botocore.session
from botocore.endpoint_provider import EndpointProvider

SERVICES = {
    "ecs": "ecs",
    "sts": "sts",
    "elastic_load_balancing_v2": "elbv2",
    "cloudwatch": "cloudwatch",
    "cloudwatch_logs": "logs",
    "ecr": "ecr",
    "application_auto_scaling": "application-autoscaling",
    "cloudformation": "cloudformation",
}
HERE = pathlib.Path(__file__).resolve().parent


def main():
    loader = botocore.session.get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    regions = [r for p in partitions["partitions"] for r in p["regions"] if not r.endswith("-global")]
    lines = [f"# printed by make_endpoints.py from botocore {botocore.__version__}"]
    for word, name in SERVICES.items():
        rules = loader.load_service_model(name, "endpoint-rule-set-1")
        model = loader.load_service_model(name, "service-2")["metadata"]
        signing = model.get("signingName", model["endpointPrefix"])
        provider = EndpointProvider(rules, partitions)
        for region in sorted(regions):
            for fips in (False, True):
                for dual in (False, True):
                    parameters = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
                    if name == "sts":
                        parameters["UseGlobalEndpoint"] = False
                    try:
                        url = provider.resolve_endpoint(**parameters).url
                    except botocore.exceptions.EndpointProviderError:
                        continue
                    lines.append("\t".join((word, region, str(int(fips)), str(int(dual)), url, signing)))
    (HERE / "endpoints.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
