// Key Vault for the one secret there is: the merchant's key at the payment gateway.

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
@minLength(1)
@maxLength(32)
param location string

@description('Tags of every resource.')
param tags object

@description('Whether only private endpoints reach it.')
param isPrivate bool

@description('Name of the secret.')
@minLength(1)
@maxLength(127)
param secretName string

@description('The secret; empty leaves the one that is there.')
@secure()
@maxLength(256)
param secretValue string

@description('Log Analytics workspace that the audit log is kept in.')
@minLength(1)
@maxLength(512)
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  // checkov:skip=CKV_AZURE_189:Disabled when the parameter network is private; the check cannot read a condition
  // checkov:skip=CKV_AZURE_109:Denied when the parameter network is private; without a network, tokens alone decide
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      bypass: 'AzureServices'
    }
  }
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = if (!empty(secretValue)) {
  // checkov:skip=CKV_AZURE_41:The payment gateway's keys do not expire by date; they are replaced by another deployment
  // checkov:skip=CKV_AZURE_114:contentType is set; the check misses it behind the condition
  parent: vault
  name: secretName
  properties: {
    value: secretValue
    contentType: 'text/plain'
    attributes: { enabled: true }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'audit'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

@description('Resource id.')
output id string = vault.id

@description('Name of the vault.')
output name string = vault.name
