"""AWS Backup: selections, jobs that end at once, and vaults that keep what is in them.

Stock moto lacks selections, UpdateBackupPlan, jobs and recovery points, keeps a deleted plan, and deletes any vault.

Not modelled: schedules (no job starts by itself, nothing is copied), lifecycles, restoring.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.backup import urls
from moto.backup.models import BackupBackend, Plan, Vault
from moto.backup.responses import BackupResponse
from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random

from .refusal import Refusal

_stock_backend = BackupBackend.__init__


def install() -> None:
    BackupBackend.__init__ = backend
    Vault.number_of_recovery_points = property(lambda vault: vault.num_of_recovery_points)
    for action in (
        update_backup_plan,
        delete_backup_plan,
        create_backup_selection,
        get_backup_selection,
        list_backup_selections,
        delete_backup_selection,
        delete_backup_vault,
        start_backup_job,
        list_recovery_points_by_backup_vault,
        delete_recovery_point,
        list_tags,
    ):
        setattr(BackupResponse, action.__name__, action)
    urls.url_paths.update(
        {
            "{0}/backup-jobs$": urls.response.dispatch,
            "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/$": urls.response.dispatch,
            "{0}/backup-vaults/(?P<name>[^/]+)/recovery-points/(?P<arn>.+)$": urls.response.dispatch,
        }
    )


def backend(self: BackupBackend, region_name: str, account_id: str) -> None:
    _stock_backend(self, region_name, account_id)
    #: Selections by plan and selection id.
    self.selections: dict[str, dict[str, dict[str, Any]]] = {}
    #: Recovery points by vault and ARN.
    self.recovery_points: dict[str, dict[str, dict[str, Any]]] = {}


# Plans and selections.


def update_backup_plan(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateBackupPlan.html."""
    plan = _plan(self)
    renewed = Plan(json.loads(self.body)["BackupPlan"], plan.creator_request_id, self.backup_backend)
    plan.backup_plan, plan.version_id = renewed.backup_plan, renewed.version_id
    return json.dumps(plan.to_dict())


def delete_backup_plan(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteBackupPlan.html."""
    plan = _plan(self)
    if self.backup_backend.selections.get(plan.backup_plan_id):
        # Wording ours: "can only be deleted after all associated selections of resources have been deleted".
        raise Refusal(
            "InvalidRequestException", "Related backup plan selections must be deleted prior to backup plan deletion"
        )
    del self.backup_backend.plans[plan.backup_plan_id]
    return json.dumps({**plan.to_dict(), "DeletionDate": unix_time()})


def create_backup_selection(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupSelection.html."""
    plan = _plan(self)
    asked = json.loads(self.body)
    selection = {
        "BackupSelection": asked["BackupSelection"],
        "SelectionId": str(mock_random.uuid4()),
        "BackupPlanId": plan.backup_plan_id,
        "CreationDate": unix_time(),
        "CreatorRequestId": asked.get("CreatorRequestId"),
    }
    selections = self.backup_backend.selections.setdefault(plan.backup_plan_id, {})
    names = {other["BackupSelection"]["SelectionName"] for other in selections.values()}
    if asked["BackupSelection"]["SelectionName"] in names:
        raise Refusal("AlreadyExistsException", "Backup selection with the same name already exists")
    selections[selection["SelectionId"]] = selection
    return json.dumps({name: selection[name] for name in ("SelectionId", "BackupPlanId", "CreationDate")})


def get_backup_selection(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetBackupSelection.html."""
    return json.dumps(_selection(self))


def list_backup_selections(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListBackupSelections.html."""
    listed = [
        {
            "SelectionId": selection["SelectionId"],
            "SelectionName": selection["BackupSelection"]["SelectionName"],
            "BackupPlanId": selection["BackupPlanId"],
            "CreationDate": selection["CreationDate"],
            "IamRoleArn": selection["BackupSelection"]["IamRoleArn"],
        }
        for selection in self.backup_backend.selections.get(_plan(self).backup_plan_id, {}).values()
    ]
    return json.dumps({"BackupSelectionsList": listed})


def delete_backup_selection(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteBackupSelection.html."""
    selection = _selection(self)
    del self.backup_backend.selections[selection["BackupPlanId"]][selection["SelectionId"]]
    return "{}"


def _plan(self: BackupResponse) -> Plan:
    """Return the plan of the path /backup/plans/ID, whatever follows.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetBackupPlan.html#API_GetBackupPlan_Errors
    """
    identifier = self.path.split("/plans/")[1].split("/")[0]
    if identifier not in self.backup_backend.plans:
        raise Refusal("ResourceNotFoundException", "Failed reading Backup plan with provided version")
    return self.backup_backend.plans[identifier]


def _selection(self: BackupResponse) -> dict[str, Any]:
    """Return the selection of the path /backup/plans/ID/selections/ID."""
    plan, _, identifier = self.path.split("/plans/")[1].partition("/selections/")
    selections = self.backup_backend.selections.get(plan, {})
    if identifier.strip("/") not in selections:
        # Terraform's provider looks for these words: https://github.com/hashicorp/terraform-provider-aws/pull/13945
        raise Refusal("InvalidParameterValueException", "Cannot find Backup plan with provided selection")
    return selections[identifier.strip("/")]


# Vaults and what is in them.


def delete_backup_vault(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteBackupVault.html."""
    vault = _vault(self)
    if self.backup_backend.recovery_points.get(vault.backup_vault_name):
        # https://github.com/gruntwork-io/cloud-nuke/issues/730
        raise Refusal("InvalidRequestException", "Backup vault cannot be deleted because it contains recovery points.")
    del self.backup_backend.vaults[vault.backup_vault_name]
    return "{}"


def start_backup_job(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartBackupJob.html: it ends before it answers."""
    asked = json.loads(self.body)
    place = self.backup_backend
    if asked["BackupVaultName"] not in place.vaults:
        raise Refusal("ResourceNotFoundException", f"Backup vault {asked['BackupVaultName']} not found")
    vault = place.vaults[asked["BackupVaultName"]]
    job = str(mock_random.uuid4())
    arn = f"arn:aws:rds:{self.region}:{self.current_account}:cluster-snapshot:awsbackup:job-{job}"
    place.recovery_points.setdefault(vault.backup_vault_name, {})[arn] = {
        "RecoveryPointArn": arn,
        "BackupVaultName": vault.backup_vault_name,
        "BackupVaultArn": vault.backup_vault_arn,
        "ResourceArn": asked["ResourceArn"],
        "IamRoleArn": asked["IamRoleArn"],
        "Status": "COMPLETED",
        "CreationDate": unix_time(),
    }
    vault.num_of_recovery_points = len(place.recovery_points[vault.backup_vault_name])
    return json.dumps({"BackupJobId": job, "RecoveryPointArn": arn, "CreationDate": unix_time()})


def list_recovery_points_by_backup_vault(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListRecoveryPointsByBackupVault.html."""
    points = self.backup_backend.recovery_points.get(_vault(self).backup_vault_name, {})
    return json.dumps({"RecoveryPoints": list(points.values())})


def delete_recovery_point(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteRecoveryPoint.html."""
    vault = _vault(self)
    points = self.backup_backend.recovery_points.get(vault.backup_vault_name, {})
    arn = unquote(self.path.split("/recovery-points/")[1])
    if arn not in points:
        raise Refusal("ResourceNotFoundException", f"Recovery point {arn} not found")
    del points[arn]
    vault.num_of_recovery_points = len(points)
    return "{}"


def list_tags(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListTags.html, with or without a slash at its end."""
    arn = unquote(self.path.split("/tags/")[1]).strip("/")
    return json.dumps({"Tags": self.backup_backend.list_tags(arn)})


def _vault(self: BackupResponse) -> Vault:
    """Return the vault of the path /backup-vaults/NAME, whatever follows.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeBackupVault.html#API_DescribeBackupVault_Errors
    """
    name = self.path.split("/backup-vaults/")[1].split("/")[0]
    if name not in self.backup_backend.vaults:
        raise Refusal("ResourceNotFoundException", f"Backup vault {name} not found")
    return self.backup_backend.vaults[name]
