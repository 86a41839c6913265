// The platform's own storage: packages, locks of timers, host keys. Apart from the product's data, so that the rights
// that the Functions host needs here give none there.

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

@description('Blob containers of the packages, one for each app.')
@minLength(1)
@maxLength(10)
param packagesContainers array

@description('Log Analytics workspace that the metrics are kept in.')
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

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

// The platform keeps the package of an app under a name that is the same for every app: in one container, a release of
// one app would replace the package of all.
resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for container in packagesContainers: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
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
