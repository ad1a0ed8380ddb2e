# Everything that moves traffic is made beforehand: during an outage only health checks decide, and they run in the
# data plane. Changing a record would need Route 53's control plane, which lies in us-east-1.

resource "aws_route53_zone" "this" {
  count = local.has_zone ? 1 : 0

  name = var.dns.zone_name
}

resource "aws_route53_health_check" "region" {
  for_each = { for role, region in local.serving : role => region if local.has_zone && var.health_checks }

  type              = "HTTP"
  fqdn              = each.value.load_balancer_dns_name
  port              = 80
  resource_path     = var.health_check_path
  request_interval  = var.dns.fast_health_checks ? 10 : 30
  failure_threshold = 3

  tags = { Name = "${var.dns.zone_name}-${each.key}" }
}

# CNAME records instead of aliases: an alias has the load balancer's own time to live, 60 s, and dns.ttl_s decides
# how fast clients follow.
#
# Two resources instead of one for each region, for the order: Route 53 takes no second record beside a simple one, so the
# first has to get its routing policy before the second comes, and to lose it after the second has gone.
resource "aws_route53_record" "primary" {
  count = local.has_zone && contains(keys(local.serving), "primary") ? 1 : 0

  zone_id = aws_route53_zone.this[0].zone_id
  name    = local.application_name
  type    = "CNAME"
  ttl     = var.dns.ttl_s
  records = [var.regions["primary"].load_balancer_dns_name]

  set_identifier  = var.health_checks ? "primary" : null
  health_check_id = var.health_checks ? aws_route53_health_check.region["primary"].id : null

  dynamic "failover_routing_policy" {
    for_each = var.health_checks && var.dns.routing == "failover" ? ["PRIMARY"] : []
    content {
      type = failover_routing_policy.value
    }
  }

  dynamic "latency_routing_policy" {
    for_each = var.health_checks && var.dns.routing == "latency" ? [var.regions["primary"].region] : []
    content {
      region = latency_routing_policy.value
    }
  }
}

resource "aws_route53_record" "failover" {
  count = local.has_zone && contains(keys(local.serving), "failover") ? 1 : 0

  zone_id = aws_route53_zone.this[0].zone_id
  name    = local.application_name
  type    = "CNAME"
  ttl     = var.dns.ttl_s
  records = [var.regions["failover"].load_balancer_dns_name]

  set_identifier  = "failover"
  health_check_id = aws_route53_health_check.region["failover"].id

  dynamic "failover_routing_policy" {
    for_each = var.dns.routing == "failover" ? ["SECONDARY"] : []
    content {
      type = failover_routing_policy.value
    }
  }

  dynamic "latency_routing_policy" {
    for_each = var.dns.routing == "latency" ? [var.regions["failover"].region] : []
    content {
      region = latency_routing_policy.value
    }
  }

  depends_on = [aws_route53_record.primary]
}
