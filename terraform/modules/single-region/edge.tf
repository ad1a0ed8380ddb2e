# CloudFront takes an origin group only for GET, HEAD and OPTIONS, so it cannot carry an application that writes.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html
# Hence two ways: everything goes to the Route 53 name, which moves between the regions (without a zone: to the
# primary load balancer); /static/* goes to the origin group, which tries the other region within the same request.

locals {
  distribution_count = var.edge.cloudfront ? 1 : 0

  application_origin = "application"
  origin_group       = "both-regions"

  # An origin group has exactly two members.
  grouped = { for role, region in local.serving : role => region if var.edge.origin_failover && length(local.serving) == 2 }

  # AWS's managed policies have the same ids in every account.
  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
  caching_disabled_policy  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  caching_optimized_policy = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  forward_all_policy       = "216adef6-5c7f-47e4-b989-5492eafa07d3"
}

resource "aws_cloudfront_distribution" "this" {
  count = local.distribution_count

  enabled         = true
  comment         = var.name
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = var.edge.price_class

  origin {
    origin_id   = local.application_origin
    domain_name = local.has_zone ? local.application_name : var.regions["primary"].load_balancer_dns_name

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "http-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  dynamic "origin" {
    for_each = local.grouped
    content {
      origin_id   = origin.key
      domain_name = origin.value.load_balancer_dns_name

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "http-only"
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  dynamic "origin_group" {
    for_each = length(local.grouped) > 0 ? [local.origin_group] : []
    content {
      origin_id = origin_group.value

      failover_criteria {
        status_codes = [500, 502, 503, 504]
      }

      # The first is asked first.
      member {
        origin_id = "primary"
      }

      member {
        origin_id = "failover"
      }
    }
  }

  default_cache_behavior {
    target_origin_id         = local.application_origin
    allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods           = ["GET", "HEAD"]
    viewer_protocol_policy   = "redirect-to-https"
    compress                 = true
    cache_policy_id          = local.caching_disabled_policy
    origin_request_policy_id = local.forward_all_policy
  }

  ordered_cache_behavior {
    path_pattern           = "/static/*"
    target_origin_id       = length(local.grouped) > 0 ? local.origin_group : local.application_origin
    allowed_methods        = ["GET", "HEAD", "OPTIONS"]
    cached_methods         = ["GET", "HEAD"]
    viewer_protocol_policy = "redirect-to-https"
    compress               = true
    cache_policy_id        = local.caching_optimized_policy
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
