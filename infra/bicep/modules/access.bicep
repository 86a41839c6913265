// What the apps' identity may do: no more than the handler and the Functions host do.

@description('Object id of the identity.')
@minLength(36)
@maxLength(36)
param principalId string

@description('Storage account of the platform.')
@minLength(3)
@maxLength(24)
param hostStorageName string

@description('Storage account of the product.')
@minLength(3)
@maxLength(24)
param dataStorageName string

@description('Blob container of rendered bills.')
@minLength(3)
@maxLength(63)
param billsContainer string

@description('Blob container of runtime.json.')
@minLength(3)
@maxLength(63)
param configContainer string

@description('Whether the tables are in the storage account.')
param hasTables bool

@description('Service Bus namespace.')
@minLength(6)
@maxLength(50)
param busName string

@description('Whether the platform may count waiting messages, which takes Data Owner.')
param scaleOnBacklog bool

@description('Key Vault.')
@minLength(3)
@maxLength(24)
param vaultName string

@description('Application Insights.')
@minLength(1)
@maxLength(255)
param applicationInsightsName string

var roles = {
  blobOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  blobReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  tableContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  busOwner: '090c5cfd-751d-490a-894a-3ce6f1109419'
  busReceiver: '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  busSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  metricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
}
var busRoles = scaleOnBacklog ? [roles.busOwner] : [roles.busReceiver, roles.busSender]

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostStorageName
}

resource dataStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: dataStorageName
}

resource dataBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: dataStorage
  name: 'default'
}

resource bills 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: dataBlobs
  name: billsContainer
}

resource config 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: dataBlobs
  name: configContainer
}

resource bus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: busName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

// Locks of timers, host keys and packages are blobs of the platform's account.
resource hostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hostStorage
  name: guid(hostStorage.id, principalId, roles.blobOwner)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobOwner)
  }
}

// The host writes its diagnostic events to tables there.
resource hostTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hostStorage
  name: guid(hostStorage.id, principalId, roles.tableContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableContributor)
  }
}

resource productTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hasTables) {
  scope: dataStorage
  name: guid(dataStorage.id, principalId, roles.tableContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableContributor)
  }
}

resource billDocuments 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: bills
  name: guid(bills.id, principalId, roles.blobContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobContributor)
  }
}

resource runtimeConfig 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: config
  name: guid(config.id, principalId, roles.blobReader)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobReader)
  }
}

resource messages 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in busRoles: {
    scope: bus
    name: guid(bus.id, principalId, role)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

// How many messages wait is told by the namespace itself to who may manage it, and that right could delete its queues. Who
// may read the resource is told as well, can list no keys, and can change nothing.
resource depths 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: bus
  name: guid(bus.id, principalId, roles.reader)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader)
  }
}

resource secrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, principalId, roles.secretsUser)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
  }
}

resource telemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: applicationInsights
  name: guid(applicationInsights.id, principalId, roles.metricsPublisher)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
  }
}
