# The article's shape: one provider for each region, the region module called twice, the module of global resources
# once. What replicates between the regions stands in the other files of this root, because a resource and its twin
# made by the same module code cannot refer to each other.

provider "aws" {
  alias  = "primary"
  region = var.primary_region

  # Nobody's account is touched by mistake. Null allows any.
  allowed_account_ids = local.calls_nobody || var.account_id == null ? null : [var.account_id]

  # Null means the usual places: environment, profile, role of the machine.
  access_key                  = local.calls_nobody ? "planning-calls-nobody" : null
  secret_key                  = local.calls_nobody ? "planning-calls-nobody" : null
  skip_credentials_validation = local.calls_nobody
  # Never while applying: the image registry's replication would not find itself without the account.
  skip_requesting_account_id = local.calls_nobody

  default_tags {
    tags = local.tags
  }
}

provider "aws" {
  alias  = "failover"
  region = var.failover_region

  allowed_account_ids         = local.calls_nobody || var.account_id == null ? null : [var.account_id]
  access_key                  = local.calls_nobody ? "planning-calls-nobody" : null
  secret_key                  = local.calls_nobody ? "planning-calls-nobody" : null
  skip_credentials_validation = local.calls_nobody
  skip_requesting_account_id  = local.calls_nobody

  default_tags {
    tags = local.tags
  }
}

locals {
  tags = merge(var.tags, {
    Stack     = var.name
    Strategy  = var.strategy
    ManagedBy = "terraform"
  })

  account_id = var.account_id != null ? var.account_id : data.aws_caller_identity.current[0].account_id
  partition  = startswith(var.primary_region, "cn-") ? "aws-cn" : startswith(var.primary_region, "us-gov-") ? "aws-us-gov" : "aws"

  database_replicated = var.failover_enabled && try(var.database.replicate, false)
  cache_replicated    = var.failover_enabled && try(var.cache.replicate, false)
  replicated_buckets  = { for name, bucket in var.buckets : name => bucket if var.failover_enabled && bucket.replicate }

  # For the failover region one output at a time is named (module.failover_region[0].x): a reference to the whole
  # module waits for everything in it, which closes a cycle through the values that it is given.
  failover_roles = var.failover_enabled ? ["failover"] : []

  default_service = one([for name, service in var.services : name if service.default_route])

  secret_arns = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}

data "aws_caller_identity" "current" {
  provider = aws.primary
  count    = var.account_id == null ? 1 : 0
}

# The provider refuses to start without credentials, also where it has nothing to ask. While nothing is built there is
# nothing to read, so the plan of a new stack goes without. "New" shows in the time below: it is this plan's own until
# the first apply keeps it.
resource "terraform_data" "first_plan" {
  input = plantimestamp()

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  nothing_built = terraform_data.first_plan.input == plantimestamp()

  # Importing reads the cluster while planning, and looking the account up asks for it.
  calls_nobody = local.nothing_built && var.account_id != null && !local.database_imported && !terraform.applying
}

# A provider that looks into another region than before finds nothing of what was built and would build it anew there,
# leaving the old behind in nobody's care. The regions are remembered, so that a plan can say so.
resource "terraform_data" "region" {
  for_each = merge({ primary = var.primary_region }, var.failover_enabled ? { failover = var.failover_region } : {})

  input = each.value

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.input == each.value
      error_message = "The ${each.key} region is built in ${self.input}, but ${each.key}_region is now ${each.value}. Change it back; to move the failover region, remove it with failover_enabled = false first; to move the primary one, see \"Promote for good\" in the README."
    }
  }
}

module "primary_region" {
  source    = "./modules/multi-region"
  providers = { aws = aws.primary }

  name               = var.name
  region             = var.primary_region
  account_id         = local.account_id
  settings           = var.primary
  services           = { for name, service in var.services : name => merge(service, { tasks = service.primary_tasks }) }
  bucket_names       = keys(var.buckets)
  noncurrent_days    = var.backup.retention_days
  log_retention_days = var.log_retention_days

  # From the single-region module.
  execution_role_arn = module.single_region.execution_role_arn
  task_role_arn      = module.single_region.task_role_arn

  # From the replicated resources of this root.
  environment = local.primary_environment
  secret_arns = local.secret_arns
}

module "failover_region" {
  source    = "./modules/multi-region"
  providers = { aws = aws.failover }
  count     = var.failover_enabled ? 1 : 0

  name               = var.name
  region             = var.failover_region
  account_id         = local.account_id
  settings           = var.failover
  services           = { for name, service in var.services : name => merge(service, { tasks = service.failover_tasks }) }
  bucket_names       = keys(local.replicated_buckets)
  noncurrent_days    = var.backup.retention_days
  log_retention_days = var.log_retention_days

  execution_role_arn = module.single_region.execution_role_arn
  task_role_arn      = module.single_region.task_role_arn

  environment = local.failover_environment
  # A replica keeps the secret's name and random suffix; only the region in the ARN differs.
  secret_arns = { for name, arn in local.secret_arns : name => replace(arn, ":${var.primary_region}:", ":${var.failover_region}:") }
}

module "single_region" {
  source    = "./modules/single-region"
  providers = { aws = aws.primary }

  name      = var.name
  partition = local.partition

  # From both calls of the region module; with failover_enabled = false there is one.
  regions = merge(
    { primary = {
      region                 = var.primary_region
      load_balancer          = var.primary.load_balancer
      load_balancer_dns_name = module.primary_region.load_balancer_dns_name
    } },
    { for role in local.failover_roles : role => {
      region                 = var.failover_region
      load_balancer          = var.failover.load_balancer
      load_balancer_dns_name = module.failover_region[0].load_balancer_dns_name
    } },
  )
  bucket_arns     = concat(values(local.primary_buckets)[*].arn, values(local.failover_buckets)[*].arn)
  repository_arns = concat(values(module.primary_region.repository_arns), values(try(module.failover_region[0].repository_arns, {})))
  log_group_arns  = concat(values(module.primary_region.log_group_arns), values(try(module.failover_region[0].log_group_arns, {})))
  secret_arns     = concat(values(local.secret_arns), [for arn in values(local.secret_arns) : replace(arn, ":${var.primary_region}:", ":${var.failover_region}:") if var.failover_enabled])
  kms_key_arns    = concat([aws_kms_key.primary.arn], aws_kms_replica_key.failover[*].arn)

  has_buckets        = length(var.buckets) > 0
  has_secrets        = length(var.secrets) > 0
  buckets_replicated = length(local.replicated_buckets) > 0
  database_backed_up = local.backup_copied
  health_check_path  = var.services[local.default_service].health_check_path
  health_checks      = var.failover_enabled
  dns                = var.dns
  edge               = var.edge
}
