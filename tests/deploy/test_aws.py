"""deploy/aws: valid by CloudFormation's own rules, and deployed to moto, a server that acts as AWS.

moto 5.2 makes no schedules, alarms, metric filters and secrets without a value, leaves versions,
lifecycle and access block of the bucket out, and matches no event by what stands in a list: that is
read from the template. It starts no task and checks no right. That a run happens on AWS, nothing
here can show.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ingestion.cli import app
from ingestion.collect import show_outcome
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.spotify_api.collecting import Outcome
from tests.warehouses.simulated_aws import simulated_aws

NOT_INSTALLED = "the extra `warehouses` is not installed"
boto3 = pytest.importorskip("boto3", reason=NOT_INSTALLED)
decode = pytest.importorskip("cfnlint.decode", reason=NOT_INSTALLED).decode
pytest.importorskip("moto.server", reason=NOT_INSTALLED)

TEMPLATE = PROJECT_ROOT / "deploy" / "aws" / "template.yaml"


def test_the_template_is_valid_by_the_rules_of_cloudformation() -> None:
    told = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), TEMPLATE],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert told.returncode == 0, told.stdout


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """Of the template as it is written: properties by name."""
    template, faults = decode(str(TEMPLATE))
    assert not faults
    return {name: each.get("Properties", {}) for name, each in template["Resources"].items()}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Makes clients of a moto of this file's own."""
    with simulated_aws(tmp_path_factory.mktemp("aws") / "log", "unused") as settings:
        yield partial(
            boto3.client,
            endpoint_url=settings["aws_endpoint_url"],
            region_name="eu-north-1",
            aws_access_key_id=settings["aws_access_key_id"],
            aws_secret_access_key=settings["aws_secret_access_key"],
        )


class Stack:
    """A stack of the template with a warehouse."""

    def __init__(self, client: Any, warehouse: str) -> None:
        self.client = client
        ec2, formation = client("ec2"), client("cloudformation")
        [vpc] = ec2.describe_vpcs()["Vpcs"]
        subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
        given = {
            "Warehouse": warehouse,
            "ListenerTimezone": "Europe/Oslo",
            "Vpc": vpc["VpcId"],
            "Subnets": ",".join(subnets),
            "AlarmEmail": "me@example.com",
        }
        name = f"spotify-{warehouse}"
        formation.create_stack(
            StackName=name,
            TemplateBody=TEMPLATE.read_text(),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
            ],
        )
        [stack] = formation.describe_stacks(StackName=name)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        found = formation.list_stack_resources(StackName=name)["StackResourceSummaries"]
        self.name = name
        self.ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def container(self) -> dict[str, Any]:
        task = self.client("ecs").describe_task_definition(taskDefinition=self.ids["Task"])
        [container] = task["taskDefinition"]["containerDefinitions"]
        return dict(container)

    def allowed(self, role: str) -> list[dict[str, Any]]:
        """What a role may do."""
        iam, name = self.client("iam"), self.ids[role]
        policies = [
            iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        # moto tells what a template gave it in Python's words
        documents = [ast.literal_eval(policy) for policy in policies]
        return [statement for document in documents for statement in document["Statement"]]


@pytest.fixture(scope="module")
def lake(client: Any) -> Stack:
    return Stack(client, "lake")


@pytest.fixture(scope="module")
def postgres(client: Any) -> Stack:
    return Stack(client, "postgres")


def test_the_bucket_is_encrypted_closed_and_forgets_in_time(
    lake: Stack, client: Any, resources: dict[str, Any]
) -> None:
    s3, bucket = client("s3"), lake.ids["Bucket"]
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert lake.outputs["LakePath"] == f"s3://{bucket}"
    deleted, unfinished = resources["Bucket"]["LifecycleConfiguration"]["Rules"]
    assert deleted["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert unfinished["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    assert resources["Bucket"]["VersioningConfiguration"] == {"Status": "Enabled"}
    access = resources["Bucket"]["PublicAccessBlockConfiguration"]
    assert len(access) == 4
    assert all(access.values())


def test_a_task_may_use_the_lake_and_with_postgres_nothing(lake: Stack, postgres: Stack) -> None:
    bucket = f"arn:aws:s3:::{lake.ids['Bucket']}"
    assert [each["Resource"] for each in lake.allowed("TaskRole")] == [bucket, f"{bucket}/*"]
    assert postgres.allowed("TaskRole") == []
    assert "Bucket" not in postgres.ids
    assert "LakePath" not in postgres.outputs


def test_nothing_but_who_may_pull_images_is_asked_of_all_resources(lake: Stack) -> None:
    for role in ("StartRole", "TaskRole", "ScheduleRole"):
        assert lake.allowed(role)
        for statement in lake.allowed(role):
            assert "*" not in str(statement["Action"])
            is_of_all = statement["Resource"] == "*"
            assert is_of_all == (statement["Action"] == "ecr:GetAuthorizationToken")


def test_a_task_gets_its_settings_by_their_names_and_secrets_by_reference(
    lake: Stack, postgres: Stack, resources: dict[str, Any]
) -> None:
    for stack, address in ((lake, "LAKE_CATALOG"), (postgres, "POSTGRES_URL")):
        container = stack.container()
        secrets = [each["name"] for each in container["secrets"]]
        assert secrets == ["SPOTIFY_TOKENS_JSON", address]
    given = {each["name"]: each["value"] for each in container["environment"] if each}
    assert given.pop("AWS_REGION") == "eu-north-1"  # read by Amazon's own programs
    assert {name.lower() for name in [*given, *secrets]} <= Settings.model_fields.keys()
    assert given == {"WAREHOUSE": "postgres", "LISTENER_TIMEZONE": "Europe/Oslo"}
    # without a value, there is none in the template, its parameters or its events
    assert [resources[name].keys() for name in ("SpotifyTokens", "DatabaseUrl")] == [
        {"Description"}
    ] * 2


def test_the_schedules_run_verbs_that_there_are(postgres: Stack, resources: dict[str, Any]) -> None:
    container = postgres.container()
    [override] = json.loads(resources["Build"]["Target"]["Input"])["containerOverrides"]
    assert override == {"name": container["name"], "command": ["build"]}
    assert container["command"] == ["collect"]
    assert "Input" not in resources["Collect"]["Target"]
    verbs = {getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert {"build", "collect"} <= verbs


def test_a_task_that_cannot_start_is_told_to_the_log(postgres: Stack, client: Any) -> None:
    events, logs, group = client("events"), client("logs"), postgres.outputs["LogGroup"]
    [cluster] = client("ecs").describe_clusters(clusters=[postgres.ids["Cluster"]])["clusters"]
    stopped = {"clusterArn": cluster["clusterArn"], "lastStatus": "STOPPED"}
    for detail in (
        {**stopped, "stopCode": "TaskFailedToStart"},
        {**stopped, "stopCode": "EssentialContainerExited", "containers": [{"exitCode": 0}]},
        {**stopped, "stopCode": "TaskFailedToStart", "clusterArn": "another"},
    ):
        source = {"Source": "aws.ecs", "DetailType": "ECS Task State Change"}
        events.put_events(Entries=[{**source, "Detail": json.dumps(detail)}])
    [told] = logs.filter_log_events(logGroupName=group)["events"]
    assert json.loads(told["message"])["detail"]["stopCode"] == "TaskFailedToStart"


def test_alarms_count_what_runs_tell_and_reach_somebody(
    postgres: Stack, client: Any, resources: dict[str, Any]
) -> None:
    filters, alarms = ("FailedRuns", "Polls"), ("RunFailed", "NoRun")
    counted = [resources[name]["MetricTransformations"][0] for name in filters]
    for count, alarm in zip(counted, (resources[name] for name in alarms), strict=True):
        assert count["MetricName"] == alarm["MetricName"]
        assert count["MetricNamespace"] == alarm["Namespace"]
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]
    assert [resources[name]["TreatMissingData"] for name in alarms] == ["notBreaching", "breaching"]
    topic = client("sns").list_subscriptions_by_topic(TopicArn=postgres.ids["Alarms"])
    assert [each["Endpoint"] for each in topic["Subscriptions"]] == ["me@example.com"]

    told = StringIO()
    show_outcome(Console(file=told), Outcome("me"))
    assert resources["Polls"]["FilterPattern"] in told.getvalue()
