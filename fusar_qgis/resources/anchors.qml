<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis simplifyDrawingHints="1" maxScale="0" simplifyLocal="1" version="3.22.16-Białowieża" simplifyMaxScale="1" simplifyAlgorithm="0" readOnly="0" styleCategories="AllStyleCategories" minScale="100000000" hasScaleBasedVisibilityFlag="0" simplifyDrawingTol="1" labelsEnabled="0" symbologyReferenceScale="-1">
  <flags>
    <Identifiable>1</Identifiable>
    <Removable>1</Removable>
    <Searchable>1</Searchable>
    <Private>0</Private>
  </flags>
  <temporal fixedDuration="0" durationUnit="min" enabled="0" startField="" endExpression="" accumulate="0" startExpression="" mode="0" endField="" durationField="" limitMode="0">
    <fixedRange>
      <start></start>
      <end></end>
    </fixedRange>
  </temporal>
  <renderer-v2 type="singleSymbol" forceraster="0" referencescale="-1" symbollevels="0" enableorderby="0">
    <symbols>
      <symbol clip_to_extent="1" type="marker" name="0" force_rhr="0" alpha="1">
        <data_defined_properties>
          <Option type="Map">
            <Option type="QString" name="name" value=""/>
            <Option name="properties"/>
            <Option type="QString" name="type" value="collection"/>
          </Option>
        </data_defined_properties>
        <layer enabled="1" class="SimpleMarker" pass="0" locked="0">
          <Option type="Map">
            <Option type="QString" name="angle" value="0"/>
            <Option type="QString" name="cap_style" value="square"/>
            <Option type="QString" name="color" value="76,175,80,255"/>
            <Option type="QString" name="horizontal_anchor_point" value="1"/>
            <Option type="QString" name="joinstyle" value="bevel"/>
            <Option type="QString" name="name" value="circle"/>
            <Option type="QString" name="offset" value="0,0"/>
            <Option type="QString" name="offset_map_unit_scale" value="3x:0,0,0,0,0,0"/>
            <Option type="QString" name="offset_unit" value="MM"/>
            <Option type="QString" name="outline_color" value="255,255,255,255"/>
            <Option type="QString" name="outline_style" value="solid"/>
            <Option type="QString" name="outline_width" value="0.2"/>
            <Option type="QString" name="outline_width_map_unit_scale" value="3x:0,0,0,0,0,0"/>
            <Option type="QString" name="outline_width_unit" value="MM"/>
            <Option type="QString" name="scale_method" value="diameter"/>
            <Option type="QString" name="size" value="1.8"/>
            <Option type="QString" name="size_map_unit_scale" value="3x:0,0,0,0,0,0"/>
            <Option type="QString" name="size_unit" value="MM"/>
            <Option type="QString" name="vertical_anchor_point" value="1"/>
          </Option>
          <prop k="angle" v="0"/>
          <prop k="cap_style" v="square"/>
          <prop k="color" v="76,175,80,255"/>
          <prop k="horizontal_anchor_point" v="1"/>
          <prop k="joinstyle" v="bevel"/>
          <prop k="name" v="circle"/>
          <prop k="offset" v="0,0"/>
          <prop k="offset_map_unit_scale" v="3x:0,0,0,0,0,0"/>
          <prop k="offset_unit" v="MM"/>
          <prop k="outline_color" v="255,255,255,255"/>
          <prop k="outline_style" v="solid"/>
          <prop k="outline_width" v="0.2"/>
          <prop k="outline_width_map_unit_scale" v="3x:0,0,0,0,0,0"/>
          <prop k="outline_width_unit" v="MM"/>
          <prop k="scale_method" v="diameter"/>
          <prop k="size" v="1.8"/>
          <prop k="size_map_unit_scale" v="3x:0,0,0,0,0,0"/>
          <prop k="size_unit" v="MM"/>
          <prop k="vertical_anchor_point" v="1"/>
          <data_defined_properties>
            <Option type="Map">
              <Option type="QString" name="name" value=""/>
              <Option name="properties"/>
              <Option type="QString" name="type" value="collection"/>
            </Option>
          </data_defined_properties>
        </layer>
      </symbol>
    </symbols>
    <rotation/>
    <sizescale/>
  </renderer-v2>
  <customproperties>
    <Option/>
  </customproperties>
  <blendMode>0</blendMode>
  <featureBlendMode>0</featureBlendMode>
  <layerOpacity>1</layerOpacity>
  <geometryOptions geometryPrecision="0" removeDuplicateNodes="0">
    <activeChecks type="StringList">
      <Option type="QString" value=""/>
    </activeChecks>
    <checkConfiguration/>
  </geometryOptions>
  <legend type="default-vector" showLabelLegend="0"/>
  <referencedLayers/>
  <fieldConfiguration>
    <field name="scene" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="source" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="year_requested" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="year_used" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="y" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="x" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A00" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A01" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A02" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A03" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A04" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A05" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A06" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A07" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A08" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A09" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A10" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A11" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A12" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A13" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A14" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A15" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A16" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A17" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A18" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A19" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A20" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A21" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A22" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A23" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A24" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A25" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A26" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A27" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A28" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A29" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A30" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A31" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A32" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A33" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A34" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A35" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A36" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A37" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A38" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A39" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A40" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A41" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A42" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A43" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A44" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A45" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A46" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A47" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A48" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A49" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A50" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A51" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A52" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A53" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A54" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A55" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A56" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A57" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A58" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A59" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A60" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A61" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A62" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A63" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option type="bool" name="IsMultiline" value="false"/>
          </Option>
        </config>
      </editWidget>
    </field>
  </fieldConfiguration>
  <aliases>
    <alias name="Scene" index="0" field="scene"/>
    <alias name="Source" index="1" field="source"/>
    <alias name="Year wanted" index="2" field="year_requested"/>
    <alias name="Year used" index="3" field="year_used"/>
    <alias name="Position down (0 to 1)" index="4" field="y"/>
    <alias name="Position across (0 to 1)" index="5" field="x"/>
    <alias name="" index="6" field="A00"/>
    <alias name="" index="7" field="A01"/>
    <alias name="" index="8" field="A02"/>
    <alias name="" index="9" field="A03"/>
    <alias name="" index="10" field="A04"/>
    <alias name="" index="11" field="A05"/>
    <alias name="" index="12" field="A06"/>
    <alias name="" index="13" field="A07"/>
    <alias name="" index="14" field="A08"/>
    <alias name="" index="15" field="A09"/>
    <alias name="" index="16" field="A10"/>
    <alias name="" index="17" field="A11"/>
    <alias name="" index="18" field="A12"/>
    <alias name="" index="19" field="A13"/>
    <alias name="" index="20" field="A14"/>
    <alias name="" index="21" field="A15"/>
    <alias name="" index="22" field="A16"/>
    <alias name="" index="23" field="A17"/>
    <alias name="" index="24" field="A18"/>
    <alias name="" index="25" field="A19"/>
    <alias name="" index="26" field="A20"/>
    <alias name="" index="27" field="A21"/>
    <alias name="" index="28" field="A22"/>
    <alias name="" index="29" field="A23"/>
    <alias name="" index="30" field="A24"/>
    <alias name="" index="31" field="A25"/>
    <alias name="" index="32" field="A26"/>
    <alias name="" index="33" field="A27"/>
    <alias name="" index="34" field="A28"/>
    <alias name="" index="35" field="A29"/>
    <alias name="" index="36" field="A30"/>
    <alias name="" index="37" field="A31"/>
    <alias name="" index="38" field="A32"/>
    <alias name="" index="39" field="A33"/>
    <alias name="" index="40" field="A34"/>
    <alias name="" index="41" field="A35"/>
    <alias name="" index="42" field="A36"/>
    <alias name="" index="43" field="A37"/>
    <alias name="" index="44" field="A38"/>
    <alias name="" index="45" field="A39"/>
    <alias name="" index="46" field="A40"/>
    <alias name="" index="47" field="A41"/>
    <alias name="" index="48" field="A42"/>
    <alias name="" index="49" field="A43"/>
    <alias name="" index="50" field="A44"/>
    <alias name="" index="51" field="A45"/>
    <alias name="" index="52" field="A46"/>
    <alias name="" index="53" field="A47"/>
    <alias name="" index="54" field="A48"/>
    <alias name="" index="55" field="A49"/>
    <alias name="" index="56" field="A50"/>
    <alias name="" index="57" field="A51"/>
    <alias name="" index="58" field="A52"/>
    <alias name="" index="59" field="A53"/>
    <alias name="" index="60" field="A54"/>
    <alias name="" index="61" field="A55"/>
    <alias name="" index="62" field="A56"/>
    <alias name="" index="63" field="A57"/>
    <alias name="" index="64" field="A58"/>
    <alias name="" index="65" field="A59"/>
    <alias name="" index="66" field="A60"/>
    <alias name="" index="67" field="A61"/>
    <alias name="" index="68" field="A62"/>
    <alias name="" index="69" field="A63"/>
  </aliases>
  <defaults>
    <default applyOnUpdate="0" field="scene" expression=""/>
    <default applyOnUpdate="0" field="source" expression=""/>
    <default applyOnUpdate="0" field="year_requested" expression=""/>
    <default applyOnUpdate="0" field="year_used" expression=""/>
    <default applyOnUpdate="0" field="y" expression=""/>
    <default applyOnUpdate="0" field="x" expression=""/>
    <default applyOnUpdate="0" field="A00" expression=""/>
    <default applyOnUpdate="0" field="A01" expression=""/>
    <default applyOnUpdate="0" field="A02" expression=""/>
    <default applyOnUpdate="0" field="A03" expression=""/>
    <default applyOnUpdate="0" field="A04" expression=""/>
    <default applyOnUpdate="0" field="A05" expression=""/>
    <default applyOnUpdate="0" field="A06" expression=""/>
    <default applyOnUpdate="0" field="A07" expression=""/>
    <default applyOnUpdate="0" field="A08" expression=""/>
    <default applyOnUpdate="0" field="A09" expression=""/>
    <default applyOnUpdate="0" field="A10" expression=""/>
    <default applyOnUpdate="0" field="A11" expression=""/>
    <default applyOnUpdate="0" field="A12" expression=""/>
    <default applyOnUpdate="0" field="A13" expression=""/>
    <default applyOnUpdate="0" field="A14" expression=""/>
    <default applyOnUpdate="0" field="A15" expression=""/>
    <default applyOnUpdate="0" field="A16" expression=""/>
    <default applyOnUpdate="0" field="A17" expression=""/>
    <default applyOnUpdate="0" field="A18" expression=""/>
    <default applyOnUpdate="0" field="A19" expression=""/>
    <default applyOnUpdate="0" field="A20" expression=""/>
    <default applyOnUpdate="0" field="A21" expression=""/>
    <default applyOnUpdate="0" field="A22" expression=""/>
    <default applyOnUpdate="0" field="A23" expression=""/>
    <default applyOnUpdate="0" field="A24" expression=""/>
    <default applyOnUpdate="0" field="A25" expression=""/>
    <default applyOnUpdate="0" field="A26" expression=""/>
    <default applyOnUpdate="0" field="A27" expression=""/>
    <default applyOnUpdate="0" field="A28" expression=""/>
    <default applyOnUpdate="0" field="A29" expression=""/>
    <default applyOnUpdate="0" field="A30" expression=""/>
    <default applyOnUpdate="0" field="A31" expression=""/>
    <default applyOnUpdate="0" field="A32" expression=""/>
    <default applyOnUpdate="0" field="A33" expression=""/>
    <default applyOnUpdate="0" field="A34" expression=""/>
    <default applyOnUpdate="0" field="A35" expression=""/>
    <default applyOnUpdate="0" field="A36" expression=""/>
    <default applyOnUpdate="0" field="A37" expression=""/>
    <default applyOnUpdate="0" field="A38" expression=""/>
    <default applyOnUpdate="0" field="A39" expression=""/>
    <default applyOnUpdate="0" field="A40" expression=""/>
    <default applyOnUpdate="0" field="A41" expression=""/>
    <default applyOnUpdate="0" field="A42" expression=""/>
    <default applyOnUpdate="0" field="A43" expression=""/>
    <default applyOnUpdate="0" field="A44" expression=""/>
    <default applyOnUpdate="0" field="A45" expression=""/>
    <default applyOnUpdate="0" field="A46" expression=""/>
    <default applyOnUpdate="0" field="A47" expression=""/>
    <default applyOnUpdate="0" field="A48" expression=""/>
    <default applyOnUpdate="0" field="A49" expression=""/>
    <default applyOnUpdate="0" field="A50" expression=""/>
    <default applyOnUpdate="0" field="A51" expression=""/>
    <default applyOnUpdate="0" field="A52" expression=""/>
    <default applyOnUpdate="0" field="A53" expression=""/>
    <default applyOnUpdate="0" field="A54" expression=""/>
    <default applyOnUpdate="0" field="A55" expression=""/>
    <default applyOnUpdate="0" field="A56" expression=""/>
    <default applyOnUpdate="0" field="A57" expression=""/>
    <default applyOnUpdate="0" field="A58" expression=""/>
    <default applyOnUpdate="0" field="A59" expression=""/>
    <default applyOnUpdate="0" field="A60" expression=""/>
    <default applyOnUpdate="0" field="A61" expression=""/>
    <default applyOnUpdate="0" field="A62" expression=""/>
    <default applyOnUpdate="0" field="A63" expression=""/>
  </defaults>
  <constraints>
    <constraint unique_strength="0" field="scene" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="source" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="year_requested" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="year_used" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="y" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="x" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A00" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A01" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A02" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A03" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A04" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A05" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A06" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A07" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A08" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A09" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A10" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A11" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A12" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A13" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A14" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A15" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A16" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A17" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A18" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A19" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A20" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A21" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A22" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A23" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A24" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A25" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A26" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A27" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A28" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A29" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A30" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A31" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A32" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A33" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A34" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A35" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A36" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A37" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A38" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A39" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A40" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A41" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A42" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A43" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A44" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A45" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A46" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A47" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A48" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A49" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A50" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A51" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A52" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A53" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A54" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A55" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A56" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A57" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A58" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A59" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A60" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A61" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A62" exp_strength="0" constraints="0" notnull_strength="0"/>
    <constraint unique_strength="0" field="A63" exp_strength="0" constraints="0" notnull_strength="0"/>
  </constraints>
  <constraintExpressions>
    <constraint desc="" field="scene" exp=""/>
    <constraint desc="" field="source" exp=""/>
    <constraint desc="" field="year_requested" exp=""/>
    <constraint desc="" field="year_used" exp=""/>
    <constraint desc="" field="y" exp=""/>
    <constraint desc="" field="x" exp=""/>
    <constraint desc="" field="A00" exp=""/>
    <constraint desc="" field="A01" exp=""/>
    <constraint desc="" field="A02" exp=""/>
    <constraint desc="" field="A03" exp=""/>
    <constraint desc="" field="A04" exp=""/>
    <constraint desc="" field="A05" exp=""/>
    <constraint desc="" field="A06" exp=""/>
    <constraint desc="" field="A07" exp=""/>
    <constraint desc="" field="A08" exp=""/>
    <constraint desc="" field="A09" exp=""/>
    <constraint desc="" field="A10" exp=""/>
    <constraint desc="" field="A11" exp=""/>
    <constraint desc="" field="A12" exp=""/>
    <constraint desc="" field="A13" exp=""/>
    <constraint desc="" field="A14" exp=""/>
    <constraint desc="" field="A15" exp=""/>
    <constraint desc="" field="A16" exp=""/>
    <constraint desc="" field="A17" exp=""/>
    <constraint desc="" field="A18" exp=""/>
    <constraint desc="" field="A19" exp=""/>
    <constraint desc="" field="A20" exp=""/>
    <constraint desc="" field="A21" exp=""/>
    <constraint desc="" field="A22" exp=""/>
    <constraint desc="" field="A23" exp=""/>
    <constraint desc="" field="A24" exp=""/>
    <constraint desc="" field="A25" exp=""/>
    <constraint desc="" field="A26" exp=""/>
    <constraint desc="" field="A27" exp=""/>
    <constraint desc="" field="A28" exp=""/>
    <constraint desc="" field="A29" exp=""/>
    <constraint desc="" field="A30" exp=""/>
    <constraint desc="" field="A31" exp=""/>
    <constraint desc="" field="A32" exp=""/>
    <constraint desc="" field="A33" exp=""/>
    <constraint desc="" field="A34" exp=""/>
    <constraint desc="" field="A35" exp=""/>
    <constraint desc="" field="A36" exp=""/>
    <constraint desc="" field="A37" exp=""/>
    <constraint desc="" field="A38" exp=""/>
    <constraint desc="" field="A39" exp=""/>
    <constraint desc="" field="A40" exp=""/>
    <constraint desc="" field="A41" exp=""/>
    <constraint desc="" field="A42" exp=""/>
    <constraint desc="" field="A43" exp=""/>
    <constraint desc="" field="A44" exp=""/>
    <constraint desc="" field="A45" exp=""/>
    <constraint desc="" field="A46" exp=""/>
    <constraint desc="" field="A47" exp=""/>
    <constraint desc="" field="A48" exp=""/>
    <constraint desc="" field="A49" exp=""/>
    <constraint desc="" field="A50" exp=""/>
    <constraint desc="" field="A51" exp=""/>
    <constraint desc="" field="A52" exp=""/>
    <constraint desc="" field="A53" exp=""/>
    <constraint desc="" field="A54" exp=""/>
    <constraint desc="" field="A55" exp=""/>
    <constraint desc="" field="A56" exp=""/>
    <constraint desc="" field="A57" exp=""/>
    <constraint desc="" field="A58" exp=""/>
    <constraint desc="" field="A59" exp=""/>
    <constraint desc="" field="A60" exp=""/>
    <constraint desc="" field="A61" exp=""/>
    <constraint desc="" field="A62" exp=""/>
    <constraint desc="" field="A63" exp=""/>
  </constraintExpressions>
  <expressionfields/>
  <attributeactions/>
  <attributetableconfig actionWidgetStyle="dropDown" sortExpression="" sortOrder="0">
    <columns/>
  </attributetableconfig>
  <conditionalstyles>
    <rowstyles/>
    <fieldstyles/>
  </conditionalstyles>
  <storedexpressions/>
  <editform tolerant="1"></editform>
  <editforminit/>
  <editforminitcodesource>0</editforminitcodesource>
  <editforminitfilepath></editforminitfilepath>
  <editforminitcode><![CDATA[]]></editforminitcode>
  <featformsuppress>0</featformsuppress>
  <editorlayout>generatedlayout</editorlayout>
  <editable>
    <field name="A00" editable="0"/>
    <field name="A01" editable="0"/>
    <field name="A02" editable="0"/>
    <field name="A03" editable="0"/>
    <field name="A04" editable="0"/>
    <field name="A05" editable="0"/>
    <field name="A06" editable="0"/>
    <field name="A07" editable="0"/>
    <field name="A08" editable="0"/>
    <field name="A09" editable="0"/>
    <field name="A10" editable="0"/>
    <field name="A11" editable="0"/>
    <field name="A12" editable="0"/>
    <field name="A13" editable="0"/>
    <field name="A14" editable="0"/>
    <field name="A15" editable="0"/>
    <field name="A16" editable="0"/>
    <field name="A17" editable="0"/>
    <field name="A18" editable="0"/>
    <field name="A19" editable="0"/>
    <field name="A20" editable="0"/>
    <field name="A21" editable="0"/>
    <field name="A22" editable="0"/>
    <field name="A23" editable="0"/>
    <field name="A24" editable="0"/>
    <field name="A25" editable="0"/>
    <field name="A26" editable="0"/>
    <field name="A27" editable="0"/>
    <field name="A28" editable="0"/>
    <field name="A29" editable="0"/>
    <field name="A30" editable="0"/>
    <field name="A31" editable="0"/>
    <field name="A32" editable="0"/>
    <field name="A33" editable="0"/>
    <field name="A34" editable="0"/>
    <field name="A35" editable="0"/>
    <field name="A36" editable="0"/>
    <field name="A37" editable="0"/>
    <field name="A38" editable="0"/>
    <field name="A39" editable="0"/>
    <field name="A40" editable="0"/>
    <field name="A41" editable="0"/>
    <field name="A42" editable="0"/>
    <field name="A43" editable="0"/>
    <field name="A44" editable="0"/>
    <field name="A45" editable="0"/>
    <field name="A46" editable="0"/>
    <field name="A47" editable="0"/>
    <field name="A48" editable="0"/>
    <field name="A49" editable="0"/>
    <field name="A50" editable="0"/>
    <field name="A51" editable="0"/>
    <field name="A52" editable="0"/>
    <field name="A53" editable="0"/>
    <field name="A54" editable="0"/>
    <field name="A55" editable="0"/>
    <field name="A56" editable="0"/>
    <field name="A57" editable="0"/>
    <field name="A58" editable="0"/>
    <field name="A59" editable="0"/>
    <field name="A60" editable="0"/>
    <field name="A61" editable="0"/>
    <field name="A62" editable="0"/>
    <field name="A63" editable="0"/>
    <field name="scene" editable="0"/>
    <field name="source" editable="0"/>
    <field name="x" editable="0"/>
    <field name="y" editable="0"/>
    <field name="year_requested" editable="0"/>
    <field name="year_used" editable="0"/>
  </editable>
  <labelOnTop/>
  <reuseLastValue/>
  <dataDefinedFieldProperties/>
  <widgets/>
  <previewExpression></previewExpression>
  <mapTip></mapTip>
  <layerGeometryType>0</layerGeometryType>
</qgis>
