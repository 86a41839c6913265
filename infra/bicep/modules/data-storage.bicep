// The product's data: tables (unless they are in Cosmos DB), rendered bills, runtime configuration.

@description('Name of the storage account.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
@minLength(1)
@maxLength(32)
param location string

@description('Tags of every resource.')
param tags object

@description('Copies that are kept.')
@allowed(['LRS', 'ZRS', 'GRS', 'GZRS'])
param replication string

@description('Whether only private endpoints reach it.')
param isPrivate bool

@description('Tables to make; none when they are in Cosmos DB.')
@maxLength(50)
param tables array

@description('Blob container of rendered bills.')
@minLength(3)
@maxLength(63)
param billsContainer string

@description('Blob container of runtime.json.')
@minLength(3)
@maxLength(63)
param configContainer string

@description('Days in which a deleted blob, or an overwritten version of one, can be had back.')
@minValue(7)
@maxValue(365)
param retentionDays int

@description('Log Analytics workspace that the log of writes and deletions, and the metrics, are kept in.')
@minLength(1)
@maxLength(512)
param workspaceId string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  // checkov:skip=CKV_AZURE_35:Denied when the parameter network is private; without a network, tokens alone decide
  // checkov:skip=CKV_AZURE_206:How many copies are kept is a parameter; prod keeps them in several zones
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_${replication}' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      bypass: 'AzureServices'
    }
  }
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [
  for tableName in tables: {
    parent: tableService
    name: tableName
  }
]

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: { enabled: true, days: retentionDays }
    containerDeleteRetentionPolicy: { enabled: true, days: retentionDays }
  }
}

resource bills 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: billsContainer
  properties: { publicAccess: 'None' }
}

resource config 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: configContainer
  properties: { publicAccess: 'None' }
}

// A bill is looked at in its first weeks, then hardly ever; old versions of runtime.json help nobody for long.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'cool-old-bills'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${billsContainer}/'] }
            actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 90 } } }
          }
        }
        {
          name: 'forget-old-versions'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'] }
            actions: { version: { delete: { daysAfterCreationGreaterThan: retentionDays } } }
          }
        }
      ]
    }
  }
  dependsOn: [blobs]
}

resource blobLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'changes'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

// No log of every operation on tables: it would cost more than the tables do.
resource tableMetrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: tableService
  name: 'metrics'
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

@description('Resource id.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Endpoint of the blobs, with a slash at the end.')
output blobEndpoint string = account.properties.primaryEndpoints.blob
