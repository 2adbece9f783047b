variable "cluster_name" {
  description = "The cluster's name in EKS. Its authentication mode must be API or API_AND_CONFIG_MAP."
  type        = string
}

variable "controller_role_arn" {
  description = "The role of Serin's reconcile function, in whichever account Serin is: the output ReconcileRoleArn of its stack."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", var.controller_role_arn))
    error_message = "It must be the ARN of a role."
  }
}

variable "role_name" {
  description = <<-EOT
    For a cluster of another account than Serin's: the name of a role to make in the cluster's account. Serin
    assumes it to ask EKS for the cluster and to sign in (serin cluster add --role-arn). The stack lets it assume
    roles whose names fit its parameter clusterRoles, which is serin*.
  EOT
  type        = string
  default     = null
}

variable "administrators" {
  description = "With role_name: ARNs of who runs serin cluster add and check, which assume that role as well."
  type        = list(string)
  default     = []
}

variable "routers" {
  description = "The routers whose objects Serin may change, by the names that the chart's value routers takes."
  type        = list(string)
  default     = ["alb", "gateway-api", "nlb"]
}

variable "doorbell_url" {
  description = "The URL that serin cluster add printed. Without one there is no doorbell and Serin polls."
  type        = string
  default     = ""
  sensitive   = true
}

variable "chart" {
  description = "The chart: the folder infra/cluster, a package of it, or its address in a registry."
  type        = string
  default     = null
}

variable "namespace" {
  description = "Where Helm keeps its record of the release. Nothing of Serin runs there."
  type        = string
  default     = "serin"
}

variable "tags" {
  description = "Tags of what is made in AWS."
  type        = map(string)
  default     = {}
}
