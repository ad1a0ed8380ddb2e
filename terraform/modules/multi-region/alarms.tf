resource "aws_cloudwatch_metric_alarm" "alb_5xx" {
  count = local.load_balancer_count

  alarm_name          = "${var.name}-alb-5xx"
  alarm_description   = "The load balancer in ${var.region} itself answered with more than 10 errors a minute for 5 minutes."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_ELB_5XX_Count"
  dimensions          = { LoadBalancer = aws_lb.this[0].arn_suffix }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 10
  treat_missing_data  = "notBreaching"
}

# The metric exists for a target group, not for a load balancer. The default service's is watched, as by Route 53:
# a sum over all services would be billed as one alarm each. Where no task is wanted, none is missed.
resource "aws_cloudwatch_metric_alarm" "alb_healthy_hosts" {
  count = local.load_balancer_count

  alarm_name        = "${var.name}-alb-healthy-hosts"
  alarm_description = "${local.default_service} in ${var.region} has had fewer healthy tasks than it should for 5 minutes."
  namespace         = "AWS/ApplicationELB"
  metric_name       = "HealthyHostCount"
  dimensions = {
    LoadBalancer = aws_lb.this[0].arn_suffix
    TargetGroup  = aws_lb_target_group.this[local.default_service].arn_suffix
  }
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "LessThanThreshold"
  threshold           = var.services[local.default_service].tasks
  treat_missing_data  = var.services[local.default_service].tasks > 0 ? "breaching" : "notBreaching"
}
