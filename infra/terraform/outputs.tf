output "principal_arn" {
  description = "The role that signs in to the cluster."
  value       = aws_eks_access_entry.serin.principal_arn
}

output "role_arn" {
  description = "What to give serin cluster add as --role-arn; null where Serin needs no role of its own."
  value       = local.is_own_role ? aws_iam_role.serin[0].arn : null
}
