# Global resources, made once: IAM roles (iam.tf), Route 53 (dns.tf) and CloudFront (edge.tf). What they are needed
# for stands in the regions, and what they point to comes from there: values pass both ways through the root.

locals {
  # Roles of the regions that take traffic. Known while planning, unlike the load balancers' names.
  serving = { for role, region in var.regions : role => region if region.load_balancer }

  has_zone         = var.dns.zone_name != null
  application_name = local.has_zone ? "app.${var.dns.zone_name}" : null
}
