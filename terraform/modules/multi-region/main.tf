# Everything that is the same in both regions and replicates nothing by itself: network.tf, load_balancer.tf,
# services.tf, storage.tf, alarms.tf. It is called once for each region, with that region's provider.

locals {
  default_service = one([for name, service in var.services : name if service.default_route])

  load_balancer_count    = var.settings.load_balancer ? 1 : 0
  load_balanced_services = { for name, service in var.services : name => service if var.settings.load_balancer }

  # Two services on one port share a rule, since AWS refuses the same rule twice.
  service_ports = toset([for service in values(var.services) : tostring(service.port)])
}
