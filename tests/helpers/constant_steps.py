"""A workload whose steps all take a constant time, to be worked out by hand."""

from __future__ import annotations

CONSTANT = """\
name: constant
region: {region}
services: [{{name: web, tasks: {tasks}, vcpu: 1, memory_gib: 2{image}}}]
load_balancer: {{new_connections_per_second: 1, active_connections: 1, processed_gib_per_hour: 1}}
database:
  {{engine: aurora-postgresql, version: '16.4', class: db.r6g.large, instances: {instances}, storage_gib: 100,
   reads_per_second: 1, writes_per_second: 1{managed}}}
cache:
  {{engine: redis, version: '7.1', node_type: cache.m6g.large, replicas_per_shard: {replicas}, rebuildable: {rebuildable}}}
buckets: [{{name: files, storage_gib: 1, objects: 1, replicate: {replicate}}}]
dns: {{{dns}}}
backups: {{copy_interval_hours: 6}}
operations: {{{detection}decision_s: 600, rehearsals_per_year: 2}}
objectives: {{rpo_s: 60, rto_s: 3600, failover_regions: [us-east-2]}}
costs: {{outage_usd_per_hour: 7200, data_loss_usd_per_hour: 3600}}
assumptions:
  add_database_instance_s: 480
  all_data_lost_h: 1000
  automated_decision_s: 45
  backup_start_delay_s: 200
  cache_lag_s: 2
  control_planes_broken: 0
  copy_backup_s_per_gib: 4
  create_cache_s: 650
  create_stack_s: 1500
  data_corruption_per_year: 0.1
  database_lag_s: {lag}
  detect_corruption_s: 3600
  detect_without_health_check_s: 700
  drain_connections_s: 30
  fail_over_database_in_region: 12
  image_gib: 3
  impairment_hits_workload: 0.5
  neighbour_lost_too: 0
  object_lag_rtc_s: 15
  object_lag_s: 40
  point_in_time_gap_s: 300
  promote_cache: 50
  promote_database: 120
  pull_image_s_per_gib: 15
  rebuild_without_copies_s: 1209600
  repoint_clients_s: 850
  restore_database_fixed_s: 1200
  restore_database_s_per_gib: 2
  start_tasks_s: 60
  switch_over_database_s: 70
  targets_healthy: 150
  verify_s: 300
  warm_up_s: 80
"""

USUAL = {
    "region": "us-east-1",
    "tasks": "4",
    "image": ", image_gib: 2",
    "dns": "zone: a.example.com, ttl_s: 60",
    "detection": "detection_s: 90, ",
    "instances": "2",
    "managed": "",
    "replicas": "1",
    "rebuildable": "true",
    "replicate": "true",
    "lag": "0.5",
}
