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
# a sum over all services would be billed as one alarm each.
resource "aws_cloudwatch_metric_alarm" "alb_unhealthy_hosts" {
  count = local.load_balancer_count

  alarm_name        = "${var.name}-alb-unhealthy-hosts"
  alarm_description = "A task of ${local.default_service} in ${var.region} has failed its health checks for 5 minutes."
  namespace         = "AWS/ApplicationELB"
  metric_name       = "UnHealthyHostCount"
  dimensions = {
    LoadBalancer = aws_lb.this[0].arn_suffix
    TargetGroup  = aws_lb_target_group.this[local.default_service].arn_suffix
  }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
}
