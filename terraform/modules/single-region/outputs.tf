output "execution_role_arn" {
  description = "Role of ECS itself, for the task definitions of both regions."
  value       = aws_iam_role.execution.arn
}

output "task_role_arn" {
  description = "Role of the running application, for the task definitions of both regions."
  value       = aws_iam_role.task.arn
}

output "replication_role_arn" {
  description = "Role with which S3 replicates; null without replicated buckets."
  value       = one(aws_iam_role.replication[*].arn)
}

output "backup_role_arn" {
  description = "Role with which AWS Backup works; null without a database."
  value       = one(aws_iam_role.backup[*].arn)
}

output "application_url" {
  description = "Where the application answers; null without any load balancer."
  value = (
    var.edge.cloudfront ? "https://${aws_cloudfront_distribution.this[0].domain_name}"
    : length(local.serving) == 0 ? null
    : local.has_zone ? "http://${local.application_name}"
    : "http://${values({ for role, region in local.serving : role => region.load_balancer_dns_name if role == "primary" || length(local.serving) == 1 })[0]}"
  )
}

output "name_servers" {
  description = "Name servers of the zone; empty without one."
  value       = flatten(aws_route53_zone.this[*].name_servers)
}

output "health_check_ids" {
  description = "Route 53 health checks by role of the region they check."
  value       = { for role, check in aws_route53_health_check.region : role => check.id }
}
