resource "aws_lb" "this" {
  count = local.load_balancer_count

  name                       = "${var.name}-alb"
  load_balancer_type         = "application"
  subnets                    = values(aws_subnet.public)[*].id
  security_groups            = [aws_security_group.load_balancer[0].id]
  drop_invalid_header_fields = true
}

# Health check thresholds stay at AWS's defaults (5 checks, 30 s apart): drkit times a recovery with them.
resource "aws_lb_target_group" "this" {
  for_each = local.load_balanced_services

  # At most 32 characters. The hash keeps truncated names apart, and since it holds the port, a port change makes the
  # new group beside the old one.
  name        = "${substr("${var.name}-${each.key}", 0, 25)}-${substr(md5("${var.name}/${each.key}/${each.value.port}"), 0, 6)}"
  port        = each.value.port
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = aws_vpc.this.id

  health_check {
    path    = each.value.health_check_path
    matcher = "200-299"
  }

  lifecycle {
    # A listener lets go of the old group only when there is a new one.
    create_before_destroy = true
  }
}

# Plain HTTP: the stack is given no certificate. See the README on how traffic is encrypted.
resource "aws_lb_listener" "http" {
  count = local.load_balancer_count

  load_balancer_arn = aws_lb.this[0].arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[local.default_service].arn
  }
}

# No priorities: the paths do not overlap, and numbers would shift whenever a service is added.
resource "aws_lb_listener_rule" "service" {
  for_each = { for name, service in local.load_balanced_services : name => service if !service.default_route }

  listener_arn = aws_lb_listener.http[0].arn

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }

  condition {
    path_pattern {
      values = ["/${each.key}/*"]
    }
  }
}

resource "aws_security_group" "load_balancer" {
  count = local.load_balancer_count

  name        = "${var.name}-load-balancer"
  description = "Load balancer: HTTP from anywhere, out to the services only"
  vpc_id      = aws_vpc.this.id
}

# Users, CloudFront and Route 53's health checkers come from public addresses.
resource "aws_vpc_security_group_ingress_rule" "http" {
  count = local.load_balancer_count

  security_group_id = aws_security_group.load_balancer[0].id
  cidr_ipv4         = "0.0.0.0/0"
  description       = "Users, CloudFront and health checkers"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_security_group_egress_rule" "to_services" {
  for_each = var.settings.load_balancer ? local.service_ports : toset([])

  security_group_id            = aws_security_group.load_balancer[0].id
  referenced_security_group_id = aws_security_group.services.id
  description                  = "Services, port ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.key)
  to_port                      = tonumber(each.key)
}
