// What people and release workflows may do. Nobody here may read bills, tables or the gateway's secret.

@description('Object id of the group that operates the system; empty for none.')
@maxLength(36)
param operatorPrincipalId string

@description('Object id of the identity that releases code; empty for none.')
@maxLength(36)
param deployerPrincipalId string

@description('Kind of principal that releases code.')
@allowed(['ServicePrincipal', 'Group', 'User'])
param deployerPrincipalType string

@description('Storage account of the product.')
@minLength(3)
@maxLength(24)
param dataStorageName string

@description('Blob container of runtime.json.')
@minLength(3)
@maxLength(63)
param configContainer string

var roles = {
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
  monitoringReader: '43d0d8ad-25c7-4714-9337-8ba259a9fe05'
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  websiteContributor: 'de139f84-1756-47ae-9be6-808fbbe84772'
}
var forOperators = empty(operatorPrincipalId) ? [] : [roles.reader, roles.monitoringReader]
var forDeployer = empty(deployerPrincipalId) ? [] : [roles.reader, roles.websiteContributor]

resource dataStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: dataStorageName
}

resource dataBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: dataStorage
  name: 'default'
}

resource config 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: dataBlobs
  name: configContainer
}

resource operators 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in forOperators: {
    name: guid(resourceGroup().id, operatorPrincipalId, role)
    properties: {
      principalId: operatorPrincipalId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource logLevels 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  scope: config
  name: guid(config.id, operatorPrincipalId, roles.blobContributor)
  properties: {
    principalId: operatorPrincipalId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobContributor)
  }
}

resource deployer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in forDeployer: {
    name: guid(resourceGroup().id, deployerPrincipalId, role)
    properties: {
      principalId: deployerPrincipalId
      principalType: deployerPrincipalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]
