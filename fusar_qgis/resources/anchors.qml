<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis simplifyDrawingHints="1" readOnly="0" styleCategories="AllStyleCategories" simplifyMaxScale="1" symbologyReferenceScale="-1" version="3.22.16-Białowieża" minScale="100000000" labelsEnabled="0" simplifyAlgorithm="0" simplifyDrawingTol="1" hasScaleBasedVisibilityFlag="0" maxScale="0" simplifyLocal="1">
  <flags>
    <Identifiable>1</Identifiable>
    <Removable>1</Removable>
    <Searchable>1</Searchable>
    <Private>0</Private>
  </flags>
  <temporal startExpression="" durationUnit="min" mode="0" endExpression="" durationField="" enabled="0" fixedDuration="0" limitMode="0" startField="" endField="" accumulate="0">
    <fixedRange>
      <start></start>
      <end></end>
    </fixedRange>
  </temporal>
  <renderer-v2 enableorderby="0" forceraster="0" symbollevels="0" referencescale="-1" type="singleSymbol">
    <symbols>
      <symbol clip_to_extent="1" name="0" force_rhr="0" alpha="1" type="marker">
        <data_defined_properties>
          <Option type="Map">
            <Option name="name" value="" type="QString"/>
            <Option name="properties"/>
            <Option name="type" value="collection" type="QString"/>
          </Option>
        </data_defined_properties>
        <layer locked="0" enabled="1" pass="0" class="SimpleMarker">
          <Option type="Map">
            <Option name="angle" value="0" type="QString"/>
            <Option name="cap_style" value="square" type="QString"/>
            <Option name="color" value="76,175,80,255" type="QString"/>
            <Option name="horizontal_anchor_point" value="1" type="QString"/>
            <Option name="joinstyle" value="bevel" type="QString"/>
            <Option name="name" value="circle" type="QString"/>
            <Option name="offset" value="0,0" type="QString"/>
            <Option name="offset_map_unit_scale" value="3x:0,0,0,0,0,0" type="QString"/>
            <Option name="offset_unit" value="MM" type="QString"/>
            <Option name="outline_color" value="255,255,255,255" type="QString"/>
            <Option name="outline_style" value="solid" type="QString"/>
            <Option name="outline_width" value="0.2" type="QString"/>
            <Option name="outline_width_map_unit_scale" value="3x:0,0,0,0,0,0" type="QString"/>
            <Option name="outline_width_unit" value="MM" type="QString"/>
            <Option name="scale_method" value="diameter" type="QString"/>
            <Option name="size" value="1.8" type="QString"/>
            <Option name="size_map_unit_scale" value="3x:0,0,0,0,0,0" type="QString"/>
            <Option name="size_unit" value="MM" type="QString"/>
            <Option name="vertical_anchor_point" value="1" type="QString"/>
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
              <Option name="name" value="" type="QString"/>
              <Option name="properties"/>
              <Option name="type" value="collection" type="QString"/>
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
  <geometryOptions removeDuplicateNodes="0" geometryPrecision="0">
    <activeChecks type="StringList">
      <Option value="" type="QString"/>
    </activeChecks>
    <checkConfiguration/>
  </geometryOptions>
  <legend showLabelLegend="0" type="default-vector"/>
  <referencedLayers/>
  <fieldConfiguration>
    <field name="scene" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="source" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="year_requested" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="year_used" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="y" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="x" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A00" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A01" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A02" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A03" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A04" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A05" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A06" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A07" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A08" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A09" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A10" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A11" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A12" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A13" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A14" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A15" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A16" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A17" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A18" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A19" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A20" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A21" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A22" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A23" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A24" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A25" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A26" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A27" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A28" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A29" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A30" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A31" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A32" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A33" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A34" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A35" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A36" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A37" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A38" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A39" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A40" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A41" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A42" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A43" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A44" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A45" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A46" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A47" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A48" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A49" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A50" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A51" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A52" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A53" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A54" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A55" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A56" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A57" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A58" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A59" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A60" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A61" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A62" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field name="A63" configurationFlags="None">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
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
    <default expression="" field="scene" applyOnUpdate="0"/>
    <default expression="" field="source" applyOnUpdate="0"/>
    <default expression="" field="year_requested" applyOnUpdate="0"/>
    <default expression="" field="year_used" applyOnUpdate="0"/>
    <default expression="" field="y" applyOnUpdate="0"/>
    <default expression="" field="x" applyOnUpdate="0"/>
    <default expression="" field="A00" applyOnUpdate="0"/>
    <default expression="" field="A01" applyOnUpdate="0"/>
    <default expression="" field="A02" applyOnUpdate="0"/>
    <default expression="" field="A03" applyOnUpdate="0"/>
    <default expression="" field="A04" applyOnUpdate="0"/>
    <default expression="" field="A05" applyOnUpdate="0"/>
    <default expression="" field="A06" applyOnUpdate="0"/>
    <default expression="" field="A07" applyOnUpdate="0"/>
    <default expression="" field="A08" applyOnUpdate="0"/>
    <default expression="" field="A09" applyOnUpdate="0"/>
    <default expression="" field="A10" applyOnUpdate="0"/>
    <default expression="" field="A11" applyOnUpdate="0"/>
    <default expression="" field="A12" applyOnUpdate="0"/>
    <default expression="" field="A13" applyOnUpdate="0"/>
    <default expression="" field="A14" applyOnUpdate="0"/>
    <default expression="" field="A15" applyOnUpdate="0"/>
    <default expression="" field="A16" applyOnUpdate="0"/>
    <default expression="" field="A17" applyOnUpdate="0"/>
    <default expression="" field="A18" applyOnUpdate="0"/>
    <default expression="" field="A19" applyOnUpdate="0"/>
    <default expression="" field="A20" applyOnUpdate="0"/>
    <default expression="" field="A21" applyOnUpdate="0"/>
    <default expression="" field="A22" applyOnUpdate="0"/>
    <default expression="" field="A23" applyOnUpdate="0"/>
    <default expression="" field="A24" applyOnUpdate="0"/>
    <default expression="" field="A25" applyOnUpdate="0"/>
    <default expression="" field="A26" applyOnUpdate="0"/>
    <default expression="" field="A27" applyOnUpdate="0"/>
    <default expression="" field="A28" applyOnUpdate="0"/>
    <default expression="" field="A29" applyOnUpdate="0"/>
    <default expression="" field="A30" applyOnUpdate="0"/>
    <default expression="" field="A31" applyOnUpdate="0"/>
    <default expression="" field="A32" applyOnUpdate="0"/>
    <default expression="" field="A33" applyOnUpdate="0"/>
    <default expression="" field="A34" applyOnUpdate="0"/>
    <default expression="" field="A35" applyOnUpdate="0"/>
    <default expression="" field="A36" applyOnUpdate="0"/>
    <default expression="" field="A37" applyOnUpdate="0"/>
    <default expression="" field="A38" applyOnUpdate="0"/>
    <default expression="" field="A39" applyOnUpdate="0"/>
    <default expression="" field="A40" applyOnUpdate="0"/>
    <default expression="" field="A41" applyOnUpdate="0"/>
    <default expression="" field="A42" applyOnUpdate="0"/>
    <default expression="" field="A43" applyOnUpdate="0"/>
    <default expression="" field="A44" applyOnUpdate="0"/>
    <default expression="" field="A45" applyOnUpdate="0"/>
    <default expression="" field="A46" applyOnUpdate="0"/>
    <default expression="" field="A47" applyOnUpdate="0"/>
    <default expression="" field="A48" applyOnUpdate="0"/>
    <default expression="" field="A49" applyOnUpdate="0"/>
    <default expression="" field="A50" applyOnUpdate="0"/>
    <default expression="" field="A51" applyOnUpdate="0"/>
    <default expression="" field="A52" applyOnUpdate="0"/>
    <default expression="" field="A53" applyOnUpdate="0"/>
    <default expression="" field="A54" applyOnUpdate="0"/>
    <default expression="" field="A55" applyOnUpdate="0"/>
    <default expression="" field="A56" applyOnUpdate="0"/>
    <default expression="" field="A57" applyOnUpdate="0"/>
    <default expression="" field="A58" applyOnUpdate="0"/>
    <default expression="" field="A59" applyOnUpdate="0"/>
    <default expression="" field="A60" applyOnUpdate="0"/>
    <default expression="" field="A61" applyOnUpdate="0"/>
    <default expression="" field="A62" applyOnUpdate="0"/>
    <default expression="" field="A63" applyOnUpdate="0"/>
  </defaults>
  <constraints>
    <constraint unique_strength="0" constraints="0" field="scene" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="source" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="year_requested" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="year_used" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="y" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="x" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A00" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A01" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A02" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A03" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A04" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A05" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A06" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A07" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A08" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A09" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A10" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A11" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A12" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A13" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A14" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A15" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A16" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A17" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A18" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A19" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A20" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A21" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A22" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A23" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A24" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A25" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A26" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A27" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A28" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A29" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A30" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A31" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A32" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A33" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A34" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A35" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A36" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A37" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A38" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A39" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A40" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A41" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A42" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A43" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A44" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A45" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A46" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A47" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A48" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A49" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A50" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A51" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A52" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A53" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A54" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A55" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A56" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A57" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A58" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A59" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A60" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A61" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A62" notnull_strength="0" exp_strength="0"/>
    <constraint unique_strength="0" constraints="0" field="A63" notnull_strength="0" exp_strength="0"/>
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
  <attributetableconfig actionWidgetStyle="dropDown" sortOrder="0" sortExpression="">
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
