# Alarms of what stands in this root; those of the load balancers are in the region module. They notify nobody yet:
# an operator subscribes to them, or looks at them.

resource "aws_cloudwatch_metric_alarm" "database_cpu_primary" {
  provider = aws.primary
  count    = var.database != null && var.primary.database_instances > 0 ? 1 : 0

  alarm_name          = "${var.name}-database-cpu"
  alarm_description   = "Aurora in ${var.primary_region} has used more than 80 % of its processors for 15 minutes."
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  dimensions          = { DBClusterIdentifier = aws_rds_cluster.primary[0].cluster_identifier }
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
}

resource "aws_cloudwatch_metric_alarm" "database_cpu_failover" {
  provider = aws.failover
  count    = local.database_replicated && var.failover.database_instances > 0 ? 1 : 0

  alarm_name          = "${var.name}-database-cpu"
  alarm_description   = "Aurora in ${var.failover_region} has used more than 80 % of its processors for 15 minutes."
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  dimensions          = { DBClusterIdentifier = aws_rds_cluster.failover[0].cluster_identifier }
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
}

# Aurora publishes the lag in the secondary region only. It is what an unplanned failover would lose right now.
resource "aws_cloudwatch_metric_alarm" "database_replication_lag" {
  provider = aws.failover
  count    = local.database_replicated ? 1 : 0

  alarm_name          = "${var.name}-database-replication-lag"
  alarm_description   = "A failover now would lose more than 60 s of commits, or the lag is no longer reported."
  namespace           = "AWS/RDS"
  metric_name         = "AuroraGlobalDBRPOLag"
  dimensions          = { DBClusterIdentifier = aws_rds_cluster.failover[0].cluster_identifier }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 60000 # ms
  treat_missing_data  = "breaching"
}

resource "aws_cloudwatch_metric_alarm" "cache_memory_primary" {
  provider = aws.primary
  count    = var.cache == null ? 0 : 1

  alarm_name          = "${var.name}-cache-memory"
  alarm_description   = "The first cache node in ${var.primary_region} has used more than 80 % of its memory for 15 minutes."
  namespace           = "AWS/ElastiCache"
  metric_name         = "DatabaseMemoryUsagePercentage"
  dimensions          = { CacheClusterId = "${aws_elasticache_replication_group.primary[0].replication_group_id}${local.cache_first_node_suffix}" }
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
}

resource "aws_cloudwatch_metric_alarm" "cache_memory_failover" {
  provider = aws.failover
  count    = local.cache_replicated ? 1 : 0

  alarm_name          = "${var.name}-cache-memory"
  alarm_description   = "The first cache node in ${var.failover_region} has used more than 80 % of its memory for 15 minutes."
  namespace           = "AWS/ElastiCache"
  metric_name         = "DatabaseMemoryUsagePercentage"
  dimensions          = { CacheClusterId = "${aws_elasticache_replication_group.failover[0].replication_group_id}${local.cache_first_node_suffix}" }
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
}
