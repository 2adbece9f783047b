terraform {
  required_version = ">= 1.5"

  required_providers {
    # The first with aws_eks_access_entry.
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.33"
    }
    helm = {
      source  = "hashicorp/helm"
      version = ">= 2.12"
    }
  }
}
