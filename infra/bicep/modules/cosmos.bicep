// Tables in Azure Cosmos DB for Table: another price and bounded latency for the same code. Serverless: no throughput to
// size. Its data plane has roles of its own.

@description('Name of the account.')
@minLength(3)
@maxLength(44)
param name string

@description('Azure region.')
@minLength(1)
@maxLength(32)
param location string

@description('Tags of every resource.')
param tags object

@description('Whether only private endpoints reach it.')
param isPrivate bool

@description('Whether the account is spread over zones.')
param zoneRedundant bool

@description('Tables to make.')
@minLength(1)
@maxLength(50)
param tables array

@description('Object id of the identity that reads and writes.')
@minLength(36)
@maxLength(36)
param principalId string

@description('Log Analytics workspace that the logs are kept in.')
@minLength(1)
@maxLength(512)
param workspaceId string

// Cosmos DB Built-in Data Contributor, of the data plane.
var dataContributor = '00000000-0000-0000-0000-000000000002'

resource account 'Microsoft.DocumentDB/databaseAccounts@2026-03-15' = {
  // checkov:skip=CKV_AZURE_101:Denied when the parameter network is private; without a network, tokens alone decide
  // checkov:skip=CKV_AZURE_99:Denied when the parameter network is private; without a network, tokens alone decide
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    capabilities: [{ name: 'EnableTable' }, { name: 'EnableServerless' }]
    consistencyPolicy: { defaultConsistencyLevel: 'Strong' }
    locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: zoneRedundant }]
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: 'Continuous7Days' } }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }
}

resource table 'Microsoft.DocumentDB/databaseAccounts/tables@2026-03-15' = [
  for tableName in tables: {
    parent: account
    name: tableName
    properties: { resource: { id: tableName } }
  }
]

resource access 'Microsoft.DocumentDB/databaseAccounts/tableRoleAssignments@2026-03-15' = {
  parent: account
  name: guid(account.id, principalId, dataContributor)
  properties: {
    principalId: principalId
    roleDefinitionId: '${account.id}/tableRoleDefinitions/${dataContributor}'
    scope: account.id
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'operations'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'ControlPlaneRequests', enabled: true }]
    metrics: [{ category: 'Requests', enabled: true }]
  }
}
