// The virtual network that the apps reach their services through, and the services' private endpoints in it. Callers
// still come in over the apps' public names; Azure Monitor is reached over its public endpoints.

@description('Name of the virtual network.')
@minLength(2)
@maxLength(64)
param name string

@description('Azure region.')
@minLength(1)
@maxLength(32)
param location string

@description('Tags of every resource.')
param tags object

@description('Address range of the whole.')
@minLength(9)
@maxLength(18)
param addressRange string

@description('Address range of the subnet that the apps\' outgoing traffic comes from; it must hold all their instances.')
@minLength(9)
@maxLength(18)
param appsRange string

@description('Address range of the subnet of the private endpoints.')
@minLength(9)
@maxLength(18)
param endpointsRange string

@description('Storage account of the platform.')
@minLength(1)
@maxLength(512)
param hostStorageId string

@description('Storage account of the product.')
@minLength(1)
@maxLength(512)
param dataStorageId string

@description('Key Vault.')
@minLength(1)
@maxLength(512)
param vaultId string

@description('Premium Service Bus namespace; empty for a Standard one, which has no private endpoints.')
@maxLength(512)
param busId string

@description('Cosmos DB account; empty when the tables are in the storage account.')
@maxLength(512)
param cosmosId string

var storageSuffix = environment().suffixes.storage

// Each service that is reached privately: its resource, the part of it, and the zone that its name is resolved in.
var always = [
  { name: 'host-blob', id: hostStorageId, group: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
  { name: 'host-table', id: hostStorageId, group: 'table', zone: 'privatelink.table.${storageSuffix}' }
  { name: 'data-blob', id: dataStorageId, group: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
  { name: 'data-table', id: dataStorageId, group: 'table', zone: 'privatelink.table.${storageSuffix}' }
  { name: 'vault', id: vaultId, group: 'vault', zone: 'privatelink.vaultcore.azure.net' }
]
var forBus = empty(busId) ? [] : [{ name: 'bus', id: busId, group: 'namespace', zone: 'privatelink.servicebus.windows.net' }]
var forCosmos = empty(cosmosId) ? [] : [{ name: 'cosmos', id: cosmosId, group: 'Table', zone: 'privatelink.table.cosmos.azure.com' }]
var services = concat(always, forBus, forCosmos)
var zoneOfEach = [for service in services: service.zone]
var zones = union(zoneOfEach, [])

// What the apps may reach is ruled by the services' own firewalls and roles; nothing on the internet reaches in here.
resource appsRules 'Microsoft.Network/networkSecurityGroups@2024-10-01' = {
  name: 'nsg-${name}-apps'
  location: location
  tags: tags
}

resource endpointsRules 'Microsoft.Network/networkSecurityGroups@2024-10-01' = {
  name: 'nsg-${name}-endpoints'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'apps-only'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: appsRange
          sourcePortRange: '*'
          destinationAddressPrefix: endpointsRange
          destinationPortRanges: ['443', '5671', '5672']
        }
      }
      {
        name: 'nobody-else'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2024-10-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressRange] }
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: appsRange
          networkSecurityGroup: { id: appsRules.id }
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: endpointsRange
          networkSecurityGroup: { id: endpointsRules.id }
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
        }
      }
    ]
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zoneName in zones: {
    name: zoneName
    location: 'global'
    tags: tags
  }
]

resource zoneLink 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zoneName, i) in zones: {
    parent: zone[i]
    name: name
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: virtualNetwork.id }
    }
  }
]

resource endpoint 'Microsoft.Network/privateEndpoints@2024-10-01' = [
  for service in services: {
    name: 'pe-${name}-${service.name}'
    location: location
    tags: tags
    properties: {
      subnet: { id: '${virtualNetwork.id}/subnets/endpoints' }
      privateLinkServiceConnections: [
        {
          name: service.name
          properties: {
            privateLinkServiceId: service.id
            groupIds: [service.group]
          }
        }
      ]
    }
  }
]

resource endpointNames 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-10-01' = [
  for (service, i) in services: {
    parent: endpoint[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service.name
          properties: { privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', service.zone) }
        }
      ]
    }
    dependsOn: [zone, zoneLink]
  }
]
