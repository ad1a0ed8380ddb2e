# Images are pushed to the primary region's repositories only; the registry copies them.
# A registry has one replication configuration for an account and region: a second stack there would overwrite it.
resource "aws_ecr_replication_configuration" "this" {
  provider = aws.primary
  count    = var.failover_enabled ? 1 : 0

  replication_configuration {
    rule {
      destination {
        region      = var.failover_region
        registry_id = local.account_id
      }

      repository_filter {
        filter      = "${var.name}/"
        filter_type = "PREFIX_MATCH"
      }
    }
  }

  # An image pushed before the failover repository exists would make ECR create one with its own settings.
  depends_on = [module.failover_region]
}
