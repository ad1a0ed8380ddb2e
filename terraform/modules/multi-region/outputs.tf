output "vpc_id" {
  description = "VPC of this region."
  value       = aws_vpc.this.id
}

output "data_subnet_ids" {
  description = "Subnets for database and cache, one for each zone."
  value       = values(aws_subnet.data)[*].id
}

output "service_security_group_id" {
  description = "Security group of the tasks, the only source that databases and caches let in."
  value       = aws_security_group.services.id
}

output "load_balancer_dns_name" {
  description = "Name of the load balancer; null without one."
  value       = one(aws_lb.this[*].dns_name)
}

output "ecs_cluster_name" {
  description = "ECS cluster of this region."
  value       = aws_ecs_cluster.this.name
}

output "repository_urls" {
  description = "Image repositories by service."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "repository_arns" {
  description = "Image repositories by service, for the execution role."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.arn }
}

output "log_group_arns" {
  description = "Log groups by service, for the execution role."
  value       = { for name, group in aws_cloudwatch_log_group.service : name => group.arn }
}

output "buckets" {
  description = "Full name and ARN of each bucket by short name."
  value       = { for name, bucket in aws_s3_bucket.this : name => { name = bucket.bucket, arn = bucket.arn } }

  # Who replicates a bucket must wait for its versioning.
  depends_on = [aws_s3_bucket_versioning.this]
}

output "private_route_table_ids" {
  description = "Route tables of the tasks' subnets by zone."
  value       = { for zone, table in aws_route_table.private : zone => table.id }
}
